import { Button, format, Toolbar } from "../../design";
import { selectionEffect } from "./preview.model";
import styles from "./SelectionBar.module.css";
import type { IngestFile } from "./types";
import type { Exclude } from "./useExclude";

export interface SelectionBarProps {
  files: readonly IngestFile[];
  canChange: boolean;
  exclude: Exclude;
  onClear: () => void;
}

/** What can be done with the marked files, each button with the number that it would really change. */
export function SelectionBar({ files, canChange, exclude, onClear }: SelectionBarProps) {
  const { toExclude, toInclude, fixed } = selectionEffect(files);
  return (
    <div className={styles.bar}>
      <Toolbar label="Marked files">
        <strong>{format.plural(files.length, "file")} marked</strong>
        <Button
          icon="failed"
          disabled={!canChange || toExclude.length === 0}
          busy={exclude.busy}
          onClick={() => exclude.set(files, true)}
        >
          Exclude {format.plural(toExclude.length, "file")}
        </Button>
        <Button
          icon="plus"
          disabled={!canChange || toInclude.length === 0}
          busy={exclude.busy}
          onClick={() => exclude.set(files, false)}
        >
          Include {format.plural(toInclude.length, "file")}
        </Button>
        <Button kind="quiet" icon="close" onClick={onClear}>
          Clear marks
        </Button>
        {fixed > 0 && (
          <span className={styles.fixed}>
            {format.plural(fixed, "file")} of them failed, {fixed === 1 ? "was" : "were"} skipped or already
            committed and cannot change.
          </span>
        )}
      </Toolbar>
    </div>
  );
}
