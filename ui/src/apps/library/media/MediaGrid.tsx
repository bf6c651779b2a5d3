import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { VList, type VListHandle } from "virtua";
import { Icon, Name } from "../../../design";
import type { FileFacts } from "../../ingest/types";
import styles from "./MediaGrid.module.css";
import { columnsFor } from "./selection.model";
import { Thumb } from "./Thumb";
import { useWidth } from "./useWidth";

export interface MediaGridProps<T extends FileFacts> {
  /** What the grid holds, for readers. */
  label: string;
  files: readonly T[];
  keyOf: (file: T) => string;
  /** Index of the file that the keyboard is on; −1 for none. */
  cursor: number;
  marked: ReadonlySet<string>;
  revealed: ReadonlySet<string>;
  /** Told when the number of columns changes, since the up and down keys depend on it. */
  onColumns: (columns: number) => void;
  onCursor: (index: number) => void;
  /** A click on a picture, with whether it marks one (Ctrl) or a range (Shift) instead of opening. */
  onPick: (index: number, how: "open" | "mark" | "range") => void;
  onReveal: (file: T) => void;
  /** Called when the end comes near. */
  onEnd?: () => void;
  /** One line below the name. */
  caption: (file: T) => ReactNode;
  /** Drawn faded: excluded, rejected. */
  faded?: (file: T) => boolean;
}

const CELL_PX = 148;
const GAP_PX = 8;
const CAPTION_PX = 44;

/** Thumbnails in rows that are made only while in view. One cell at a time is in the tab order. */
export function MediaGrid<T extends FileFacts>(props: MediaGridProps<T>) {
  const { label, files, keyOf, cursor, marked, onColumns, onEnd } = props;
  const frame = useRef<HTMLDivElement>(null);
  const list = useRef<VListHandle>(null);
  const width = useWidth(frame);
  const columns = columnsFor(width - GAP_PX, CELL_PX, GAP_PX);
  const cell = Math.max(1, Math.floor((width - GAP_PX * (columns + 1)) / columns));
  const rowHeight = cell + CAPTION_PX + GAP_PX;
  const rows = Math.ceil(files.length / columns);
  const cursorRow = cursor < 0 ? -1 : Math.floor(cursor / columns);

  useLayoutEffect(() => onColumns(columns), [columns, onColumns]);
  useFollowCursor(frame, list, cursorRow, cursor);

  return (
    <div
      className={styles.grid}
      ref={frame}
      role="grid"
      aria-label={label}
      aria-rowcount={rows}
      aria-colcount={columns}
      aria-multiselectable="true"
    >
      {width > 0 && (
        <VList
          ref={list}
          role="rowgroup"
          tabIndex={-1}
          className={styles.scroll ?? ""}
          // Another row height means other places for every row.
          key={`${columns}-${rowHeight}`}
          itemSize={rowHeight}
          bufferSize={rowHeight * 2}
          data={Array.from({ length: rows }, (_, row) => row)}
          {...(cursorRow >= 0 && cursorRow < rows ? { keepMounted: [cursorRow] } : {})}
          onScroll={(offset) => {
            const handle = list.current;
            if (onEnd && handle && offset + handle.viewportSize > handle.scrollSize - rowHeight * 4) onEnd();
          }}
        >
          {(row: number) => (
            <div
              key={row}
              role="row"
              aria-rowindex={row + 1}
              className={styles.row}
              style={{ gridTemplateColumns: `repeat(${columns}, ${cell}px)`, height: rowHeight }}
            >
              {files.slice(row * columns, (row + 1) * columns).map((file, column) => {
                const index = row * columns + column;
                const key = keyOf(file);
                return (
                  <Cell
                    key={key}
                    {...props}
                    file={file}
                    index={index}
                    column={column}
                    size={cell}
                    current={index === cursor}
                    tabbable={index === Math.max(0, cursor)}
                    isMarked={marked.has(key)}
                    isRevealed={props.revealed.has(key)}
                  />
                );
              })}
            </div>
          )}
        </VList>
      )}
    </div>
  );
}

interface CellProps<T extends FileFacts> extends MediaGridProps<T> {
  file: T;
  index: number;
  column: number;
  size: number;
  current: boolean;
  tabbable: boolean;
  isMarked: boolean;
  isRevealed: boolean;
}

function Cell<T extends FileFacts>(props: CellProps<T>) {
  const { file, index, column, size, current, isMarked, isRevealed, onPick, onReveal, onCursor } = props;
  const veiled = file.nsfw.state === "nsfw" && !isRevealed;
  const classes = [styles.cell, isMarked && styles.marked, props.faded?.(file) && styles.faded];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list's keys (Enter, Space, v) are handled for the whole page
    <div
      role="gridcell"
      aria-colindex={column + 1}
      aria-selected={isMarked}
      data-index={index}
      data-current={current || undefined}
      tabIndex={props.tabbable ? 0 : -1}
      className={classes.filter(Boolean).join(" ")}
      onFocus={() => {
        if (!current) onCursor(index);
      }}
      onClick={(event) => {
        if (event.shiftKey) onPick(index, "range");
        else if (event.ctrlKey || event.metaKey) onPick(index, "mark");
        else if (veiled) onReveal(file);
        else onPick(index, "open");
      }}
    >
      <span className={styles.picture} style={{ height: size }}>
        <Thumb file={file} alt="" revealed={isRevealed} />
        {isMarked && (
          <span className={styles.tick}>
            <Icon name="check" />
          </span>
        )}
      </span>
      <span className={styles.name}>
        <Name text={file.name} />
      </span>
      <span className={styles.caption}>{props.caption(file)}</span>
    </div>
  );
}

/** Keeps the cursor's row in view, and the focus on its cell when the focus was in the grid. */
function useFollowCursor(
  frame: React.RefObject<HTMLDivElement | null>,
  list: React.RefObject<VListHandle | null>,
  row: number,
  cursor: number,
): void {
  useEffect(() => {
    if (row >= 0) list.current?.scrollToIndex(row, { align: "nearest" });
  }, [row, list]);
  useEffect(() => {
    const grid = frame.current;
    if (grid === null || cursor < 0 || !grid.contains(document.activeElement)) return;
    const cell = grid.querySelector<HTMLElement>(`[data-index="${cursor}"]`);
    if (cell !== null && cell !== document.activeElement) cell.focus({ preventScroll: true });
  }, [cursor, frame]);
}
