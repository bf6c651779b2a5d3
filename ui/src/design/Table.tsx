import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { VList, type VListHandle } from "virtua";
import styles from "./Table.module.css";

export interface Column<T> {
  key: string;
  title: ReactNode;
  /** A CSS grid track: `120px`, `minmax(200px, 1fr)`. */
  width: string;
  align?: "start" | "end";
  /** Sort key; makes the head a button. */
  sort?: string;
  /** The track on phones, where it differs. */
  narrowWidth?: string;
  /** Left out on phones. */
  wide?: boolean;
  cell: (row: T) => ReactNode;
}

export interface TableProps<T> {
  /** What the table holds, for readers. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Pixels; default 32. Rows are of one height so that 100,000 of them scroll smoothly. */
  rowHeight?: number;
  /** Height of the scrolling part; default fits the rows up to `70vh`. */
  height?: number | string;
  selected?: string | null;
  /** The row the keyboard is on. */
  current?: string | null;
  onOpen?: (row: T) => void;
  sort?: { key: string; descending: boolean };
  onSort?: (key: string) => void;
  /** Called when the end comes into view. */
  onEnd?: () => void;
  /** Shown under the rows ("loading more"). */
  footer?: ReactNode;
}

/** A table whose rows are made only while in view. */
export function Table<T>(props: TableProps<T>) {
  const {
    label,
    columns,
    rows,
    rowKey,
    rowHeight = 32,
    height,
    selected,
    current,
    onOpen,
    sort,
    onSort,
    onEnd,
    footer,
  } = props;
  const list = useRef<VListHandle>(null);
  const tracks = columns.map((column) => column.width).join(" ");
  const narrow = columns
    .filter((column) => !column.wide)
    .map((column) => column.narrowWidth ?? column.width)
    .join(" ");
  const vars = {
    "--tracks": tracks,
    "--tracks-narrow": narrow,
    "--row-height": `${rowHeight}px`,
  } as React.CSSProperties;
  const currentIndex = current == null ? -1 : rows.findIndex((row) => rowKey(row) === current);
  useEffect(() => {
    if (currentIndex >= 0) list.current?.scrollToIndex(currentIndex, { align: "nearest" });
  }, [currentIndex]);
  const fit = `min(70vh, ${Math.max(1, rows.length) * rowHeight}px)`;

  return (
    <div
      className={styles.table}
      style={vars}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
    >
      <div role="rowgroup">
        <div className={`${styles.line} ${styles.head}`} role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <div
              key={column.key}
              role="columnheader"
              className={cellClass(column)}
              {...ariaSort(column, sort)}
            >
              {column.sort && onSort ? (
                <SortButton column={column} sort={sort} onSort={onSort} />
              ) : (
                column.title
              )}
            </div>
          ))}
        </div>
      </div>
      <VList
        ref={list}
        role="rowgroup"
        tabIndex={-1}
        className={styles.rows}
        style={{ height: height ?? fit }}
        data={rows}
        itemSize={rowHeight}
        onScroll={(offset) => {
          const handle = list.current;
          if (onEnd && handle && offset + handle.viewportSize > handle.scrollSize - 400) onEnd();
        }}
      >
        {(row: T, index: number) => {
          const key = rowKey(row);
          return (
            <TableRow
              key={key}
              index={index}
              selected={key === selected}
              current={key === current}
              open={onOpen && (() => onOpen(row))}
            >
              {columns.map((column) => (
                <div key={column.key} role="cell" className={cellClass(column)}>
                  {column.cell(row)}
                </div>
              ))}
            </TableRow>
          );
        }}
      </VList>
      {footer}
    </div>
  );
}

interface RowProps {
  index: number;
  selected: boolean;
  current: boolean;
  open: (() => void) | undefined;
  children: ReactNode;
}

function TableRow({ index, selected, current, open, children }: RowProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.target === event.currentTarget) open?.();
  };
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected || undefined}
      data-current={current || undefined}
      className={`${styles.line} ${styles.row} ${open ? styles.open : ""}`}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        if (!open || event.defaultPrevented || isControl(event.target, event.currentTarget)) return;
        if (window.getSelection()?.toString()) return;
        open();
      }}
    >
      {children}
    </div>
  );
}

interface SortButtonProps<T> {
  column: Column<T>;
  sort: { key: string; descending: boolean } | undefined;
  onSort: (key: string) => void;
}

function SortButton<T>({ column, sort, onSort }: SortButtonProps<T>) {
  const key = column.sort ?? column.key;
  const mark = sort?.key === key ? (sort.descending ? "↓" : "↑") : "";
  return (
    <button type="button" className={styles.sort} onClick={() => onSort(key)}>
      {column.title} <span aria-hidden="true">{mark}</span>
    </button>
  );
}

function ariaSort<T>(column: Column<T>, sort: TableProps<T>["sort"]) {
  if (!sort || !column.sort || sort.key !== column.sort) return {};
  return { "aria-sort": sort.descending ? ("descending" as const) : ("ascending" as const) };
}

function cellClass<T>(column: Column<T>): string {
  return [styles.cell, column.align === "end" && styles.end, column.wide && styles.wide]
    .filter(Boolean)
    .join(" ");
}

/** A click on a link, button or field inside the row is theirs, not the row's; but for the one that opens it (`data-open`). */
function isControl(target: EventTarget, row: EventTarget): boolean {
  if (!(target instanceof Element) || !(row instanceof Element)) return false;
  const control = target.closest("a,button,input,select,textarea,label,summary");
  return control !== null && row.contains(control) && !control.hasAttribute("data-open");
}
