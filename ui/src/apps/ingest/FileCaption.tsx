import { Icon } from "../../design";
import { Stars } from "../library/media/Stars";
import type { IngestFile } from "./types";

/** The line under a file's name: what stands out about it, else its score. */
export function FileCaption({ file }: { file: IngestFile }) {
  const word = stateWord(file);
  return (
    <>
      {word === null ? <Stars score={file.score} favourite={file.favourite} /> : <span>{word}</span>}
      {file.problems.length > 0 && (
        <span role="img" aria-label="has problems" title="Has problems">
          <Icon name="warn" />
        </span>
      )}
      {(file.duplicate_of !== null || file.near_group !== null) && (
        <span
          role="img"
          aria-label="has duplicates"
          title={file.duplicate_of === null ? "Near duplicate" : "Exact copy"}
        >
          <Icon name="copy" />
        </span>
      )}
      {file.nsfw.state === "unknown" && (
        <span role="img" aria-label="NSFW unknown" title={file.nsfw.reason ?? "Not analysed for NSFW"}>
          <Icon name="info" />
        </span>
      )}
    </>
  );
}

/** The state in a word, where it is not the usual one. */
export function stateWord(file: Pick<IngestFile, "state" | "excluded">): string | null {
  if (file.state === "processed") return file.excluded ? "excluded" : null;
  return file.state;
}
