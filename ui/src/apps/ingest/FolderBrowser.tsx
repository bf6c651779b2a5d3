import { useState } from "react";
import { asProblem } from "../../api";
import { Button, EmptyState, format, Icon, Name, ProblemNotice, Skeleton } from "../../design";
import styles from "./FolderBrowser.module.css";
import { useBrowse, useRoots } from "./ingest.query";

export interface FolderBrowserProps {
  chosen: readonly string[];
  onAdd: (path: string) => void;
}

/** The folders below the configured media roots, one level at a time. */
export function FolderBrowser({ chosen, onAdd }: FolderBrowserProps) {
  const [path, setPath] = useState<string | null>(null);
  return (
    <section className={styles.browser} aria-label="Folder browser">
      {path === null ? (
        <Roots onOpen={setPath} />
      ) : (
        <Folder path={path} onOpen={setPath} isChosen={chosen.includes(path)} onAdd={onAdd} />
      )}
    </section>
  );
}

function Roots({ onOpen }: { onOpen: (path: string) => void }) {
  const roots = useRoots();
  if (roots.isPending) return <Skeleton height={32} lines={2} />;
  if (roots.error && !roots.data) {
    return (
      <ProblemNotice
        problem={asProblem(roots.error)}
        what="The media roots could not be read"
        onRetry={() => roots.refetch()}
      />
    );
  }
  if (roots.data.items.length === 0) {
    return (
      <EmptyState icon="folder" title="No media root is configured">
        Headway reads only below folders named in its configuration. Add one to <code>media_roots</code>, or
        start it with <code>headway serve --media-root DIR</code>.
      </EmptyState>
    );
  }
  return (
    <ul className={styles.list}>
      {roots.data.items.map((root) => (
        <li key={root.path}>
          <button type="button" className={styles.entry} onClick={() => onOpen(root.path)}>
            <Icon name="folder" />
            <Name text={root.label} />
            <span className={styles.about}>
              <Name text={root.path} mono />
              {root.free_bytes !== null && ` · ${format.bytes(root.free_bytes)} free`}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

interface FolderProps {
  path: string;
  isChosen: boolean;
  onOpen: (path: string | null) => void;
  onAdd: (path: string) => void;
}

function Folder({ path, isChosen, onOpen, onAdd }: FolderProps) {
  const folder = useBrowse(path);
  const data = folder.data;
  return (
    <>
      <header className={styles.head}>
        <Button
          kind="quiet"
          icon="up"
          aria-label={data?.parent ? "Up one folder" : "Back to the media roots"}
          onClick={() => onOpen(data?.parent ?? null)}
        />
        <span className={styles.here} aria-live="polite">
          <Name text={path} mono />
          {data && (
            <span className={styles.about}>{format.plural(data.files, "media file")} directly in it</span>
          )}
        </span>
        <Button icon={isChosen ? "check" : "plus"} disabled={isChosen || !data} onClick={() => onAdd(path)}>
          {isChosen ? "Chosen" : "Choose this folder"}
        </Button>
      </header>
      {folder.isPending && <Skeleton height={32} lines={4} />}
      {folder.error && !data && (
        <ProblemNotice
          problem={asProblem(folder.error)}
          what="This folder could not be read"
          onRetry={() => folder.refetch()}
        />
      )}
      {data?.directories.length === 0 && <p className={styles.none}>No folders below.</p>}
      <ul className={styles.list}>
        {data?.directories.map((directory) => (
          <li key={directory.path}>
            <button type="button" className={styles.entry} onClick={() => onOpen(directory.path)}>
              <Icon name="folder" />
              <Name text={directory.name} />
              <Icon name="chevron" className={styles.more} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
