/** A selection in a long list: a cursor that the keyboard moves, an anchor for ranges, and the marked keys. */
export interface Selection {
  marked: ReadonlySet<string>;
  /** Where a range starts; `null` before the first mark. */
  anchor: string | null;
}

export const NOTHING_MARKED: Selection = { marked: new Set(), anchor: null };

export function toggleMark(selection: Selection, key: string): Selection {
  const marked = new Set(selection.marked);
  if (!marked.delete(key)) marked.add(key);
  return { marked, anchor: key };
}

/** Marks everything from the anchor to `key`, both included, in the list's present order. */
export function markTo(selection: Selection, key: string, order: readonly string[]): Selection {
  const to = order.indexOf(key);
  const from = selection.anchor === null ? to : order.indexOf(selection.anchor);
  if (to < 0) return selection;
  if (from < 0) return toggleMark(selection, key);
  const marked = new Set(selection.marked);
  for (const between of order.slice(Math.min(from, to), Math.max(from, to) + 1)) marked.add(between);
  return { marked, anchor: selection.anchor };
}

export function markAll(order: readonly string[]): Selection {
  return { marked: new Set(order), anchor: order[0] ?? null };
}

/** What is marked and still in the list, in its order: bulk actions never touch what cannot be seen. */
export function markedInOrder(selection: Selection, order: readonly string[]): string[] {
  return selection.marked.size === 0 ? [] : order.filter((key) => selection.marked.has(key));
}

export type Move = "next" | "previous" | "down" | "up" | "first" | "last" | "page-down" | "page-up";

/** Rows that a page key moves by. */
const PAGE_ROWS = 5;

/** The index that a move leads to, clamped to the list. `columns` is 1 in a table. */
export function moveCursor(index: number, move: Move, length: number, columns: number): number {
  if (length === 0) return -1;
  const steps: Record<Move, number> = {
    next: index + 1,
    previous: index - 1,
    down: index + columns,
    up: index - columns,
    first: 0,
    last: length - 1,
    "page-down": index + columns * PAGE_ROWS,
    "page-up": index - columns * PAGE_ROWS,
  };
  if (index < 0) return move === "last" ? length - 1 : 0;
  // A step down from the last full row stays in its column's last place rather than leaving the grid.
  return Math.min(length - 1, Math.max(0, steps[move]));
}

/** The move of a key, with `j`/`k` beside the arrows; `null` when the key means something else. */
export function moveOfKey(key: string): Move | null {
  const moves: Readonly<Record<string, Move>> = {
    ArrowRight: "next",
    j: "next",
    ArrowLeft: "previous",
    k: "previous",
    ArrowDown: "down",
    ArrowUp: "up",
    Home: "first",
    End: "last",
    PageDown: "page-down",
    PageUp: "page-up",
  };
  return moves[key] ?? null;
}

/** How many cells of at least `cell` px (and `gap` between) fit into `width`. */
export function columnsFor(width: number, cell: number, gap: number): number {
  return Math.max(1, Math.floor((width + gap) / (cell + gap)));
}
