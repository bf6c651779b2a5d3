import { useState } from "react";
import { Icon } from "../../../design";
import type { FileFacts } from "../../ingest/types";
import { isVideo, thumbnailUrl } from "./facts.model";
import styles from "./Thumb.module.css";

export interface ThumbProps {
  file: Pick<FileFacts, "thumbnail" | "format" | "video" | "nsfw">;
  /** Text for readers; empty where the name stands beside the picture. */
  alt: string;
  /** A person asked to see it although it is NSFW. */
  revealed: boolean;
}

/** A thumbnail in a square. NSFW pictures are blurred until revealed; a missing one leaves a drawing of its kind. */
export function Thumb({ file, alt, revealed }: ThumbProps) {
  const [broken, setBroken] = useState<string | null>(null);
  const url = thumbnailUrl(file);
  const hidden = file.nsfw.state === "nsfw" && !revealed;
  return (
    <span className={styles.thumb}>
      {url !== null && url !== broken ? (
        <img
          src={url}
          alt={hidden ? "" : alt}
          loading="lazy"
          decoding="async"
          draggable={false}
          className={hidden ? styles.blurred : undefined}
          onError={() => setBroken(url)}
        />
      ) : (
        <Icon name={isVideo(file) ? "video" : "image"} className={styles.missing} />
      )}
      {hidden && (
        <span className={styles.veil}>
          <Icon name="eye" />
          <span>NSFW</span>
        </span>
      )}
      {isVideo(file) && (
        <span className={styles.kind} title="Video">
          <Icon name="video" />
        </span>
      )}
    </span>
  );
}
