import { Link } from "wouter";
import type { MediaFile } from "../../api";
import { Button, format, Name, Panel } from "../../design";
import { mediaHref } from "./library.filters.model";
import styles from "./MediaPanel.module.css";
import { FileDetails } from "./media/FileDetails";
import { RatingControl } from "./media/Stars";
import { Thumb } from "./media/Thumb";
import type { Rating } from "./rating.model";

export interface MediaPanelProps {
  file: MediaFile;
  /** The list's query, so that the file's own page leads back to it. */
  query: URLSearchParams;
  revealed: boolean;
  onReveal: () => void;
  onRate: (rating: Rating) => void;
  onClose: () => void;
}

/** One file beside the list. */
export function MediaPanel({ file, query, revealed, onReveal, onRate, onClose }: MediaPanelProps) {
  const veiled = file.nsfw.state === "nsfw" && !revealed;
  return (
    <Panel
      title={<Name text={file.name} />}
      onClose={onClose}
      actions={
        <>
          <Link href={mediaHref(file.id, query)} className={styles.open}>
            Open the original
          </Link>
          {veiled && (
            <Button icon="eye" aria-keyshortcuts="v" onClick={onReveal}>
              Show the NSFW picture
            </Button>
          )}
        </>
      }
    >
      <div className={styles.picture}>
        <Thumb file={file} alt={`Thumbnail of ${format.visible(file.name)}`} revealed={revealed} />
      </div>
      <FileDetails file={file} rating={<MediaRating file={file} onRate={onRate} />} />
    </Panel>
  );
}

/** The rating of a library file, to change. */
export function MediaRating({ file, onRate }: { file: MediaFile; onRate: (rating: Rating) => void }) {
  return (
    <RatingControl
      score={file.score}
      favourite={file.favourite}
      busy={false}
      onScore={(score) => onRate({ kind: "score", score })}
      onFavourite={(favourite) => onRate({ kind: "favourite", favourite })}
    />
  );
}
