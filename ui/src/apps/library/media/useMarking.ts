import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  markAll,
  markedInOrder,
  markTo,
  moveCursor,
  NOTHING_MARKED,
  type Selection,
  toggleMark,
} from "./selection.model";
import { useMediaKeys } from "./useMediaKeys";

/** The open panel follows the cursor after this rest. */
const PANEL_PAUSE_MS = 100;

export interface MarkingOptions<T> {
  files: readonly T[];
  keyOf: (file: T) => string;
  /** The file whose panel is open; moving the cursor takes the panel along. */
  openKey: string | null;
  onOpen: (key: string | null) => void;
  /** A key that means something here; acts on the marked files, or the one under the cursor. */
  onKey: (key: string, targets: readonly T[]) => boolean;
}

export interface Marking<T> {
  /** Put on the element that holds the list. */
  frame: RefObject<HTMLDivElement | null>;
  cursor: number;
  cursorKey: string | null;
  selection: Selection;
  /** The marked files that are shown, in order. */
  marked: readonly T[];
  /** NSFW pictures that a person asked to see. */
  revealed: ReadonlySet<string>;
  setColumns: (columns: number) => void;
  setCursor: (index: number) => void;
  pick: (index: number, how: "open" | "mark" | "range") => void;
  toggle: (key: string) => void;
  reveal: (key: string) => void;
  markAll: () => void;
  clear: () => void;
}

/** Cursor, marks and keys of a list of media. */
export function useMarking<T>(options: MarkingOptions<T>): Marking<T> {
  const { files, keyOf, openKey, onOpen, onKey } = options;
  const frame = useRef<HTMLDivElement>(null);
  const [cursorKey, setCursorKey] = useState<string | null>(openKey);
  const [selection, setSelection] = useState<Selection>(NOTHING_MARKED);
  const [revealed, setRevealed] = useState<ReadonlySet<string>>(new Set());
  const [columns, setColumns] = useState(1);
  const order = useMemo(() => files.map(keyOf), [files, keyOf]);
  // The cursor is a file, not a place: a filter that keeps the file keeps the cursor.
  const cursor = cursorKey === null ? -1 : order.indexOf(cursorKey);
  const marked = useMemo(() => {
    const keys = new Set(markedInOrder(selection, order));
    return keys.size === 0 ? [] : files.filter((file) => keys.has(keyOf(file)));
  }, [selection, order, files, keyOf]);

  const setCursor = useCallback((index: number) => setCursorKey(order[index] ?? null), [order]);
  const reveal = useCallback((key: string) => setRevealed((before) => new Set(before).add(key)), []);
  const toggle = useCallback((key: string) => setSelection((before) => toggleMark(before, key)), []);
  const pick = useCallback(
    (index: number, how: "open" | "mark" | "range") => {
      const key = order[index];
      if (key === undefined) return;
      setCursorKey(key);
      if (how === "open") onOpen(key);
      else setSelection((before) => (how === "mark" ? toggleMark(before, key) : markTo(before, key, order)));
    },
    [order, onOpen],
  );

  // A key held down moves thirty times a second; the panel and the address follow when it rests.
  const soon = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latestOpen = useRef(onOpen);
  latestOpen.current = onOpen;
  // Closing the panel, or leaving, takes back what was about to open.
  useEffect(() => {
    if (openKey === null) clearTimeout(soon.current);
    return () => clearTimeout(soon.current);
  }, [openKey]);
  const openSoon = (key: string) => {
    clearTimeout(soon.current);
    soon.current = setTimeout(() => latestOpen.current(key), PANEL_PAUSE_MS);
  };

  useMediaKeys(
    {
      onMove: (move, extend) => {
        const key = order[moveCursor(cursor, move, order.length, columns)];
        if (key === undefined) return;
        if (extend) {
          const from = order[cursor];
          setSelection((before) =>
            markTo(
              before.anchor === null && from !== undefined ? toggleMark(before, from) : before,
              key,
              order,
            ),
          );
        }
        setCursorKey(key);
        if (openKey !== null) openSoon(key);
      },
      onOpen: () => {
        const key = order[cursor];
        if (key !== undefined) onOpen(key);
      },
      onToggle: () => {
        const key = order[cursor];
        if (key !== undefined) toggle(key);
      },
      onMarkAll: () => setSelection(markAll(order)),
      onKey: (key) => {
        const under = files[cursor];
        if (key === "v" && under !== undefined) {
          reveal(keyOf(under));
          return true;
        }
        const targets = marked.length > 0 ? marked : under === undefined ? [] : [under];
        return targets.length > 0 && onKey(key, targets);
      },
    },
    () => frame.current,
  );

  return {
    frame,
    cursor,
    cursorKey,
    selection,
    marked,
    revealed,
    setColumns,
    setCursor,
    pick,
    toggle,
    reveal,
    markAll: () => setSelection(markAll(order)),
    clear: () => setSelection(NOTHING_MARKED),
  };
}
