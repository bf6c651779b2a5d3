import { useEffect, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { API_BASE, asProblem, type MediaFile } from "../../api";
import { isTyping } from "../../app/Frame";
import {
  Button,
  EmptyState,
  format,
  Icon,
  Name,
  Page,
  ProblemNotice,
  RelativeTime,
  Skeleton,
} from "../../design";
import { useRating } from "./LibraryList";
import { listHref, mediaHref, parseLibraryFilters } from "./library.filters.model";
import { useMedia, useNeighbours } from "./library.query";
import styles from "./MediaPage.module.css";
import { MediaRating } from "./MediaPanel";
import { FileDetails } from "./media/FileDetails";
import { isVideo, thumbnailUrl } from "./media/facts.model";
import { useQueryState } from "./media/query";
import { ratingOfKey } from "./rating.model";

/** `/library/:id`: the original, everything known about it, its rating. */
export function MediaPage({ id }: { id: string }) {
  const media = useMedia(id);
  const [params] = useQueryState();
  if (media.data) return <OneFile file={media.data} query={params} />;
  return (
    <Page title="Library">
      {media.error ? (
        media.error && asProblem(media.error).status === 404 ? (
          <EmptyState
            icon="library"
            title="The library has no such file"
            action={<Link href={listHref(null, params)}>Open the library</Link>}
          >
            It may have been taken out, or the link is cut short.
          </EmptyState>
        ) : (
          <ProblemNotice
            problem={asProblem(media.error)}
            what="This file could not be read"
            onRetry={() => media.refetch()}
          />
        )
      ) : (
        <Skeleton height={480} />
      )}
    </Page>
  );
}

function OneFile({ file, query }: { file: MediaFile; query: URLSearchParams }) {
  const rate = useRating();
  const filters = useMemo(() => parseLibraryFilters(query), [query]);
  const { previous, next } = useNeighbours(file.id, filters);
  const [revealed, setRevealed] = useState<string | null>(null);
  const shown = file.nsfw.state !== "nsfw" || revealed === file.id;
  useFileKeys({
    previous: previous === null ? null : mediaHref(previous, query),
    next: next === null ? null : mediaHref(next, query),
    back: listHref(file.id, query),
    onKey: (key) => {
      const rating = ratingOfKey(key, file.favourite);
      if (rating !== null) rate([file], rating);
      else if (key === "v") setRevealed(file.id);
      return rating !== null || key === "v";
    },
  });
  const original = `${API_BASE}/library/${encodeURIComponent(file.id)}/file`;
  return (
    <Page
      title={format.visible(file.name)}
      heading={
        <h1 className={styles.title}>
          <Name text={file.name} />
        </h1>
      }
      actions={
        <>
          <Link href={listHref(file.id, query)} className={styles.action}>
            Back to the list
          </Link>
          <Neighbour
            href={previous === null ? null : mediaHref(previous, query)}
            label="Previous file"
            hint="k"
          />
          <Neighbour href={next === null ? null : mediaHref(next, query)} label="Next file" hint="j" />
          <a className={styles.action} href={original} download={file.name}>
            <Icon name="download" /> Download
          </a>
        </>
      }
    >
      <div className={styles.columns}>
        <Original
          key={file.id}
          file={file}
          url={original}
          shown={shown}
          onReveal={() => setRevealed(file.id)}
        />
        <section className={styles.side} aria-labelledby="about-file">
          <h2 id="about-file" className="sr">
            About this file
          </h2>
          <p className={styles.from}>
            Added <RelativeTime at={file.added_at} /> by <Link href={`/ingest/${file.run}`}>this ingest</Link>
          </p>
          <FileDetails
            file={file}
            rating={<MediaRating file={file} onRate={(rating) => rate([file], rating)} />}
          />
        </section>
      </div>
    </Page>
  );
}

function Neighbour({ href, label, hint }: { href: string | null; label: string; hint: string }) {
  if (href === null) return null;
  return (
    <Link href={href} className={styles.action} aria-keyshortcuts={hint} title={`${label} (${hint})`} replace>
      {label}
    </Link>
  );
}

interface OriginalProps {
  file: MediaFile;
  url: string;
  shown: boolean;
  onReveal: () => void;
}

function Original({ file, url, shown, onReveal }: OriginalProps) {
  const [broken, setBroken] = useState(false);
  const poster = thumbnailUrl(file);
  const name = format.visible(file.name);
  if (!shown) {
    return (
      <div className={styles.original}>
        {poster !== null && <img src={poster} alt="" className={styles.blurred} />}
        <div className={styles.veil}>
          <p>This file is marked NSFW.</p>
          <Button kind="primary" icon="eye" aria-keyshortcuts="v" onClick={onReveal}>
            Show it
          </Button>
        </div>
      </div>
    );
  }
  if (broken) {
    return (
      <div className={styles.original}>
        <EmptyState icon="image" title="The original cannot be shown">
          The file may have been moved or deleted since it was added, or this browser does not know its format
          {file.format === null ? "" : ` (${file.format.toUpperCase()})`}. What was read from it is still
          here.
        </EmptyState>
      </div>
    );
  }
  return (
    <div className={styles.original}>
      {isVideo(file) ? (
        <video
          src={url}
          controls
          preload="metadata"
          aria-label={name}
          {...(poster === null ? {} : { poster })}
          onError={() => setBroken(true)}
        />
      ) : (
        <img
          src={url}
          alt={name}
          {...(file.width !== null && file.height !== null ? { width: file.width, height: file.height } : {})}
          onError={() => setBroken(true)}
        />
      )}
    </div>
  );
}

interface FileKeys {
  previous: string | null;
  next: string | null;
  back: string;
  onKey: (key: string) => boolean;
}

function useFileKeys({ previous, next, back, onKey }: FileKeys): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      const to =
        event.key === "j" ? next : event.key === "k" ? previous : event.key === "Escape" ? back : null;
      if (to !== null) navigate(to, { replace: event.key !== "Escape" });
      else if (!onKey(event.key)) return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  });
}
