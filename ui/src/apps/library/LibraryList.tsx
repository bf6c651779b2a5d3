import { useCallback, useMemo } from "react";
import { Link } from "wouter";
import { asProblem, type MediaFile } from "../../api";
import {
  Button,
  EmptyState,
  format,
  Notice,
  Page,
  ProblemNotice,
  Skeleton,
  TypedSearch,
  toast,
  toastProblem,
} from "../../design";
import { Choice } from "../ingest/FilterBar";
import { BulkBar } from "./BulkBar";
import { useCommitted } from "./committed";
import { FacetList } from "./FacetList";
import styles from "./LibraryList.module.css";
import {
  chipsOf,
  LIBRARY_SORTS,
  type LibraryFilters,
  type LibrarySort,
  NO_LIBRARY_FILTERS,
  parseLibraryFilters,
  writeLibraryFilters,
} from "./library.filters.model";
import { useLibrary, useRate } from "./library.query";
import { MediaPanel } from "./MediaPanel";
import { MediaGrid } from "./media/MediaGrid";
import { useQueryState, withParams } from "./media/query";
import { Stars } from "./media/Stars";
import { useMarking } from "./media/useMarking";
import { describeRating, type Rating, ratingOfKey } from "./rating.model";

const keyOf = (file: MediaFile) => file.id;
const isRejected = (file: MediaFile) => file.score < 0;
const captionOf = (file: MediaFile) => <Stars score={file.score} favourite={file.favourite} />;

/** `/library`: search, facets, thumbnails; rate by keyboard. */
export function LibraryList() {
  const [params, write] = useQueryState();
  const filters = useMemo(() => parseLibraryFilters(params), [params]);
  const setFilters = (next: LibraryFilters) => write(writeLibraryFilters(params, next));
  const list = useLibrary(filters);
  const { hasNextPage, isFetching, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const rate = useRating();
  const committed = useCommitted();
  const openKey = params.get("file");
  const open = useCallback((id: string | null) => write(withParams(params, { file: id })), [params, write]);
  const marking = useMarking({
    files: list.files,
    keyOf,
    openKey,
    onOpen: open,
    onKey: (key, targets) => {
      const rating = ratingOfKey(
        key,
        targets.every((file) => file.favourite),
      );
      if (rating === null) return false;
      rate(targets, rating);
      return true;
    },
  });
  const openFile = list.files.find((file) => file.id === openKey) ?? null;

  return (
    <Page
      title="Library"
      actions={
        <p className={styles.count} role="status">
          {list.isPending
            ? ""
            : `${format.plural(list.total, "file")}${list.isPlaceholderData ? ", searching" : ""}`}
        </p>
      }
    >
      <div className={styles.columns} data-panel={openFile !== null || undefined} ref={marking.frame}>
        <FacetList filters={filters} onChange={setFilters} />
        <div className={styles.main}>
          <SearchLine filters={filters} onChange={setFilters} />
          {marking.marked.length > 0 && (
            <BulkBar files={marking.marked} onRate={rate} onClear={marking.clear} />
          )}
          {list.error && (
            <ProblemNotice
              problem={asProblem(list.error)}
              what={list.data ? "What is shown may be old" : "The library could not be read"}
              onRetry={() => list.refetch()}
            />
          )}
          {committed.added > 0 && (
            <Notice
              title={`${format.plural(committed.added, "file")} added since this list was read`}
              action={
                <Button
                  icon="retry"
                  onClick={() => {
                    committed.forget();
                    list.refetch();
                  }}
                >
                  Show them
                </Button>
              }
            />
          )}
          {list.isPending && <Skeleton height={480} />}
          {list.data && list.files.length === 0 && (
            <Nothing filtered={chipsOf(filters).length > 0} onClear={() => setFilters(NO_LIBRARY_FILTERS)} />
          )}
          {list.files.length > 0 && (
            <MediaGrid
              label="Library"
              files={list.files}
              keyOf={keyOf}
              cursor={marking.cursor}
              marked={marking.selection.marked}
              revealed={marking.revealed}
              onColumns={marking.setColumns}
              onCursor={marking.setCursor}
              onPick={marking.pick}
              onReveal={(file) => marking.reveal(file.id)}
              onEnd={more}
              caption={captionOf}
              faded={isRejected}
            />
          )}
        </div>
      </div>
      {openFile !== null && (
        <MediaPanel
          file={openFile}
          query={params}
          revealed={marking.revealed.has(openFile.id)}
          onReveal={() => marking.reveal(openFile.id)}
          onRate={(rating) => rate([openFile], rating)}
          onClose={() => open(null)}
        />
      )}
    </Page>
  );
}

/** Rates files, says what it did when there were several, and what went wrong. */
export function useRating(): (files: readonly MediaFile[], rating: Rating) => void {
  const { mutate } = useRate();
  return useCallback(
    (files, rating) => {
      const count = format.plural(files.length, "file");
      mutate(
        { ids: files.map((file) => file.id), rating },
        {
          onSuccess: () => {
            if (files.length > 1) toast("done", `${describeRating(rating, count)}: done.`);
          },
          onError: (error) => toastProblem(`The rating of ${count} was not kept`, error),
        },
      );
    },
    [mutate],
  );
}

const SORT_WORDS: Record<LibrarySort, string> = {
  added: "Added, newest first",
  created: "Created, newest first",
  score: "Score, best first",
  quality: "Quality, best first",
  name: "Name",
};

interface FilterProps {
  filters: LibraryFilters;
  onChange: (filters: LibraryFilters) => void;
}

function SearchLine({ filters, onChange }: FilterProps) {
  const chips = chipsOf(filters);
  return (
    <search className={styles.searchLine}>
      <div className={styles.line}>
        <TypedSearch
          className={styles.search}
          label="Search prompts, keywords and names"
          placeholder="Prompts, keywords, names"
          value={filters.q}
          onChange={(q) => onChange({ ...filters, q })}
        />
        <Choice
          label="Sort"
          value={filters.sort}
          all={null}
          options={LIBRARY_SORTS.map((sort) => [sort, SORT_WORDS[sort]])}
          onChange={(value) =>
            onChange({ ...filters, sort: LIBRARY_SORTS.find((sort) => sort === value) ?? "added" })
          }
        />
        <p className={styles.keys}>
          <kbd>0</kbd>–<kbd>5</kbd> rate · <kbd>x</kbd> reject · <kbd>f</kbd> favourite · <kbd>j</kbd>{" "}
          <kbd>k</kbd> move · <kbd>Space</kbd> mark
        </p>
      </div>
      {chips.length > 0 && (
        <ul className={styles.chips} aria-label="Filters in force">
          {chips.map((chip) => (
            <li key={chip.id}>
              <Button
                icon="close"
                aria-label={`Take away the filter ${format.visible(chip.text)}`}
                onClick={() => onChange(chip.without)}
              >
                <bdi>{format.visible(chip.text)}</bdi>
              </Button>
            </li>
          ))}
          <li>
            <Button kind="quiet" onClick={() => onChange({ ...NO_LIBRARY_FILTERS, sort: filters.sort })}>
              Clear all
            </Button>
          </li>
        </ul>
      )}
    </search>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <EmptyState
        icon="search"
        title="No file passes these filters"
        action={<Button onClick={onClear}>Clear all filters</Button>}
      >
        Take one of them away, or search for fewer words.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="library"
      title="The library is empty"
      action={<Link href="/ingest">Start an ingest</Link>}
    >
      Files appear here when an ingest is committed. To see it work, run <code>headway sample ./media</code>{" "}
      and ingest that folder.
    </EmptyState>
  );
}
