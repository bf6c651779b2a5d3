import { useEffect, useRef } from "react";
import { isTyping } from "../../../app/Frame";
import { type Move, moveOfKey } from "./selection.model";

export interface MediaKeys {
  onMove: (move: Move, extend: boolean) => void;
  onOpen: () => void;
  onToggle: () => void;
  onMarkAll: () => void;
  /** Everything else; returns whether the key meant something. */
  onKey: (key: string) => boolean;
}

/**
 * The keys of a list of media, on the whole page: a person who has just closed a panel or followed a link need not
 * find the list first. Keys that a focused control or the page's own scrolling needs are left to them.
 */
export function useMediaKeys(keys: MediaKeys, list: () => HTMLElement | null): void {
  const latest = useRef({ keys, list });
  latest.current = { keys, list };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const { keys: now, list: find } = latest.current;
      if (event.defaultPrevented || event.altKey || isTyping(event.target)) return;
      const inside = event.target instanceof Node && (find()?.contains(event.target) ?? false);
      if (event.ctrlKey || event.metaKey) {
        if (inside && event.key.toLowerCase() === "a") {
          event.preventDefault();
          now.onMarkAll();
        }
        return;
      }
      if (handle(event, now, inside)) event.preventDefault();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}

function handle(event: KeyboardEvent, keys: MediaKeys, inside: boolean): boolean {
  // Nothing has the focus: a click on empty space, or what had it is gone.
  const nowhere =
    event.target === document.body || (event.target instanceof Element && event.target.id === "page");
  if (event.key === " " || event.key === "Enter") {
    const onControl = event.target instanceof Element && event.target.closest("a,button,summary") !== null;
    if (!(inside || nowhere) || onControl) return false;
    if (event.key === " ") keys.onToggle();
    else keys.onOpen();
    return true;
  }
  if (!inside && event.key.length > 1) return false;
  const move = moveOfKey(event.key);
  if (move !== null) {
    keys.onMove(move, event.shiftKey);
    return true;
  }
  return keys.onKey(event.key);
}
