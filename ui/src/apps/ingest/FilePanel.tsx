import { Button, format, Name, Panel } from "../../design";
import { FileDetails } from "../library/media/FileDetails";
import { Thumb } from "../library/media/Thumb";
import { stateWord } from "./FileCaption";
import styles from "./FilePanel.module.css";
import type { IngestFile } from "./types";

export interface FilePanelProps {
  file: IngestFile;
  run: string;
  canChange: boolean;
  revealed: boolean;
  onReveal: () => void;
  onExclude: (excluded: boolean) => void;
  onOpen: (key: string) => void;
  onClose: () => void;
}

/** Everything read about one file of this ingest. */
export function FilePanel(props: FilePanelProps) {
  const { file, run, canChange, revealed, onReveal, onExclude, onOpen, onClose } = props;
  const word = stateWord(file);
  const veiled = file.nsfw.state === "nsfw" && !revealed;
  return (
    <Panel
      title={<Name text={file.name} />}
      onClose={onClose}
      actions={
        <>
          {file.state === "processed" && (
            <Button
              icon={file.excluded ? "plus" : "failed"}
              disabled={!canChange}
              aria-keyshortcuts={file.excluded ? "i" : "e"}
              onClick={() => onExclude(!file.excluded)}
            >
              {file.excluded ? "Include this file" : "Exclude this file"}
            </Button>
          )}
          {veiled && (
            <Button icon="eye" aria-keyshortcuts="v" onClick={onReveal}>
              Show the NSFW picture
            </Button>
          )}
          {word !== null && <span className={styles.word}>This file is {word}.</span>}
        </>
      }
    >
      <div className={styles.picture}>
        <Thumb file={file} alt={`Thumbnail of ${format.visible(file.name)}`} revealed={revealed} />
      </div>
      <Relatives file={file} onOpen={onOpen} />
      <FileDetails
        file={file}
        keywordLink={(keyword) =>
          `/ingest/${run}?${new URLSearchParams({ step: "preview", keyword }).toString()}`
        }
      />
    </Panel>
  );
}

function Relatives({ file, onOpen }: { file: IngestFile; onOpen: (key: string) => void }) {
  const original = file.duplicate_of;
  if (original === null && file.near_group === null) return null;
  return (
    <p className={styles.relatives}>
      {original !== null && (
        <>
          An exact copy of{" "}
          <Button kind="quiet" icon="copy" onClick={() => onOpen(original)}>
            <Name text={original} />
          </Button>
        </>
      )}
      {file.near_group !== null && "Looks almost the same as other files; see the Duplicates view."}
    </p>
  );
}
