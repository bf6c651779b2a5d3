import { useEffect, useRef, useState } from "react";
import { isTyping } from "./keys";

/** `j` and `k` move along a list, `Enter` opens; the keys are the page's while nobody types. */
export function useListKeys<T>(rows: readonly T[], keyOf: (row: T) => string, onOpen: (row: T) => void) {
  const [current, setCurrent] = useState<string | null>(null);
  const latest = useRef({ rows, keyOf, onOpen, current });
  useEffect(() => {
    latest.current = { rows, keyOf, onOpen, current };
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const { rows: list, keyOf: key, onOpen: open, current: at } = latest.current;
      const index = list.findIndex((row) => key(row) === at);
      if (event.key === "j" || event.key === "k") {
        const next = list[Math.max(0, Math.min(list.length - 1, index + (event.key === "j" ? 1 : -1)))];
        if (!next) return;
        // At once, not with the next render: the following key may come before it.
        latest.current.current = key(next);
        setCurrent(key(next));
      } else if (event.key === "Enter" && index >= 0 && !isOnControl(event.target)) {
        const row = list[index];
        if (row) open(row);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return { current };
}

function isOnControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("a,button,select,summary,dialog") !== null;
}
