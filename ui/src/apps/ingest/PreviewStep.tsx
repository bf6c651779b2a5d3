import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { asProblem, type RunSummary } from "../../api";
import {
  Button,
  EmptyState,
  format,
  Notice,
  ProblemNotice,
  Skeleton,
  Toolbar,
  toast,
  toastProblem,
} from "../../design";
import { MediaGrid } from "../library/media/MediaGrid";
import { useQueryState, withParams } from "../library/media/query";
import { useMarking } from "../library/media/useMarking";
import { CommitBar } from "./CommitBar";
import { DuplicatesView } from "./DuplicatesView";
import { FileCaption } from "./FileCaption";
import { FilePanel } from "./FilePanel";
import { FilesTable } from "./FilesTable";
import { FilterBar } from "./FilterBar";
import {
  applyFilters,
  countActive,
  type FileView,
  filesQuery,
  indexFiles,
  parseFilters,
  sortIndex,
  writeFilters,
} from "./files.filters.model";
import type { LiveIngest } from "./ingest.live";
import { CLIENT_FILES, useExcludeFilter, useIngestFiles } from "./ingest.query";
import styles from "./PreviewStep.module.css";
import { keywordCounts } from "./preview.model";
import { SelectionBar } from "./SelectionBar";
import type { IngestFile } from "./types";
import { useExclude } from "./useExclude";

const keyOf = (file: IngestFile) => file.key;
const isExcluded = (file: IngestFile) => file.excluded || file.state !== "processed";
const captionOf = (file: IngestFile) => <FileCaption file={file} />;

/** The Preview step: look through the files, exclude what should stay out, then commit. */
export function PreviewStep({ run, live }: { run: RunSummary; live: LiveIngest }) {
  const [params, write] = useQueryState();
  const filters = useMemo(() => parseFilters(params), [params]);
  const view = viewOf(params.get("view"));
  const { discovered } = live.watch.stats;
  const query = useMemo(() => filesQuery(filters), [filters]);
  const files = useLoadedFiles(run.id, query, discovered);
  const index = useMemo(() => indexFiles(files.files), [files.files]);
  // Typing stays ahead of a long list: the list follows when there is time.
  const settled = useDeferredValue(filters);
  const sorted = useMemo(() => sortIndex(index, settled.sort), [index, settled.sort]);
  const shown = useMemo(() => applyFilters(sorted, settled), [sorted, settled]);
  const keywords = useMemo(() => keywordCounts(files.files), [files.files]);
  const exclude = useExclude(run.id);
  const canChange = live.phase === "preview" || live.phase === "processing";

  const open = useCallback((key: string | null) => write(withParams(params, { file: key })), [params, write]);
  const openKey = params.get("file");
  const marking = useMarking({
    files: shown,
    keyOf,
    openKey,
    onOpen: open,
    onKey: (key, targets) => {
      if (!canChange || (key !== "e" && key !== "i")) return false;
      exclude.set(targets, key === "e");
      return true;
    },
  });
  const openFile = useMemo(
    () => files.files.find((file) => file.key === openKey) ?? null,
    [files.files, openKey],
  );

  return (
    <div className={styles.preview} ref={marking.frame}>
      <NewFiles files={files} stats={live.watch.stats} />
      <CommitBar run={run} live={live} />
      <FilterBar
        filters={filters}
        keywords={keywords}
        onChange={(next) => write(writeFilters(params, next))}
      />
      <ViewBar
        view={view}
        shown={shown.length}
        loaded={files.files.length}
        loading={files.loading}
        onMarkAll={shown.length > 0 ? marking.markAll : null}
        onView={(next) => write(withParams(params, { view: next === "grid" ? null : next }))}
      />
      {discovered > CLIENT_FILES && (
        <ManyFiles run={run.id} query={query} canChange={canChange} filtered={countActive(filters) > 0} />
      )}
      {files.error !== null && (
        <ProblemNotice
          problem={asProblem(files.error)}
          what="The files could not be read"
          onRetry={files.refetch}
        />
      )}
      {marking.marked.length > 0 && (
        <SelectionBar
          files={marking.marked}
          canChange={canChange}
          exclude={exclude}
          onClear={marking.clear}
        />
      )}
      {files.pending ? (
        <Skeleton height={420} />
      ) : view === "duplicates" ? (
        <DuplicatesView
          run={run.id}
          files={files.files}
          canChange={canChange}
          exclude={exclude}
          onOpen={open}
        />
      ) : shown.length === 0 ? (
        <NoFiles filtered={countActive(filters) > 0} processing={live.phase === "processing"} />
      ) : view === "table" ? (
        <FilesTable
          files={shown}
          selected={openKey}
          current={marking.cursorKey}
          sort={filters.sort}
          onSort={(sort) => write(writeFilters(params, { ...filters, sort }))}
          onOpen={(file) => open(file.key)}
          onEnd={files.more}
          onToggle={(file) => marking.toggle(file.key)}
          marked={marking.selection.marked}
        />
      ) : (
        <MediaGrid
          label={`Files of this ingest, ${format.number(shown.length)} shown`}
          files={shown}
          keyOf={keyOf}
          cursor={marking.cursor}
          marked={marking.selection.marked}
          revealed={marking.revealed}
          onColumns={marking.setColumns}
          onCursor={marking.setCursor}
          onPick={marking.pick}
          onReveal={(file) => marking.reveal(file.key)}
          onEnd={files.more}
          caption={captionOf}
          faded={isExcluded}
        />
      )}
      {openFile !== null && (
        <FilePanel
          file={openFile}
          run={run.id}
          canChange={canChange}
          revealed={marking.revealed.has(openFile.key)}
          onReveal={() => marking.reveal(openFile.key)}
          onExclude={(excluded) => exclude.set([openFile], excluded)}
          onOpen={open}
          onClose={() => open(null)}
        />
      )}
    </div>
  );
}

interface ManyProps {
  run: string;
  query: URLSearchParams;
  canChange: boolean;
  filtered: boolean;
}

/** Where there are too many files to hold here, the server filters them, and excludes by filter too. */
function ManyFiles({ run, query, canChange, filtered }: ManyProps) {
  const exclude = useExcludeFilter(run);
  return (
    <Notice
      title="The server filters these files"
      action={
        <Button
          icon="failed"
          busy={exclude.isPending}
          disabled={!canChange || !filtered}
          onClick={() =>
            exclude.mutate(query, {
              onSuccess: ({ excluded }) =>
                toast("done", `${format.plural(excluded, "file")} of this ingest are excluded now.`),
              onError: (error) => toastProblem("Nothing was excluded", error),
            })
          }
        >
          Exclude all that pass the filters
        </Button>
      }
    >
      There are more than {format.number(CLIENT_FILES)}: they are loaded as you scroll, and groups of
      duplicates show only files that are loaded.
    </Notice>
  );
}

interface LoadedFiles {
  files: readonly IngestFile[];
  pending: boolean;
  loading: boolean;
  error: unknown;
  refetch: () => void;
  more: () => void;
}

/** All files where they are few enough to filter here; page by page, filtered by the server, where they are not. */
function useLoadedFiles(run: string, query: URLSearchParams, discovered: number): LoadedFiles {
  const everything = discovered <= CLIENT_FILES;
  const list = useIngestFiles(run, { query, everything });
  const { hasNextPage, isFetching, fetchNextPage, isError } = list;
  useEffect(() => {
    if (everything && hasNextPage && !isFetching && !isError) fetchNextPage();
  }, [everything, hasNextPage, isFetching, isError, fetchNextPage]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return {
    files: list.files,
    pending: list.isPending,
    loading: hasNextPage && everything,
    error: list.error,
    refetch: () => {
      list.refetch();
    },
    more,
  };
}

/** Refetch the list by itself while it is short; a long one waits for a press. */
const REFRESH_ITSELF = 1_000;

function NewFiles({ files, stats }: { files: LoadedFiles; stats: LiveIngest["watch"]["stats"] }) {
  const settled = stats.processed + stats.failed + stats.skipped;
  const missing = settled - files.files.length;
  const refetch = useRef(files.refetch);
  refetch.current = files.refetch;
  const byItself = missing > 0 && !files.loading && settled <= REFRESH_ITSELF;
  const [asked, setAsked] = useState(-1);
  useEffect(() => {
    if (!byItself || asked === settled) return;
    const timer = setTimeout(() => {
      setAsked(settled);
      refetch.current();
    }, 1000);
    return () => clearTimeout(timer);
  }, [byItself, settled, asked]);
  if (missing <= 0 || files.pending || files.loading || settled <= REFRESH_ITSELF || settled > CLIENT_FILES)
    return null;
  return (
    <Notice
      title={`${format.plural(missing, "file")} more since this list was read`}
      action={
        <Button icon="retry" onClick={files.refetch}>
          Show them
        </Button>
      }
    />
  );
}

interface ViewBarProps {
  view: FileView;
  shown: number;
  loaded: number;
  loading: boolean;
  /** `null` when there is nothing to mark. */
  onMarkAll: (() => void) | null;
  onView: (view: FileView) => void;
}

function ViewBar({ view, shown, loaded, loading, onMarkAll, onView }: ViewBarProps) {
  return (
    <div className={styles.viewBar}>
      <Toolbar label="View">
        {(["grid", "table", "duplicates"] as const).map((name) => (
          <Button key={name} aria-pressed={view === name} onClick={() => onView(name)}>
            {VIEW_WORDS[name]}
          </Button>
        ))}
      </Toolbar>
      <p className={styles.count} role="status">
        {view !== "duplicates" && `${format.number(shown)} of ${format.plural(loaded, "file")}`}
        {loading && ", loading more"}
      </p>
      {view !== "duplicates" && onMarkAll !== null && (
        <Button kind="quiet" icon="check" onClick={onMarkAll}>
          Mark all shown
        </Button>
      )}
      {view !== "duplicates" && (
        <p className={styles.keys}>
          <kbd>j</kbd> <kbd>k</kbd> move · <kbd>Enter</kbd> open · <kbd>Space</kbd> mark · <kbd>e</kbd>{" "}
          exclude · <kbd>i</kbd> include · <kbd>v</kbd> reveal
        </p>
      )}
    </div>
  );
}

const VIEW_WORDS: Record<FileView, string> = { grid: "Grid", table: "Table", duplicates: "Duplicates" };

function NoFiles({ filtered, processing }: { filtered: boolean; processing: boolean }) {
  if (filtered) {
    return (
      <EmptyState icon="filter" title="No file passes these filters">
        Clear a filter above to see more.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="image" title={processing ? "No file yet" : "No files were found"}>
      {processing
        ? "Files appear here as they are read."
        : "Nothing in the chosen folders matches the patterns. Start another ingest with other folders or patterns."}
    </EmptyState>
  );
}

function viewOf(text: string | null): FileView {
  return text === "table" || text === "duplicates" ? text : "grid";
}
