import { useSyncExternalStore } from "react";

/**
 * One clock for the page, ticking each second only while somebody looks: it runs when at least one component
 * asked for a moving time and the tab is visible. A page at rest has no timer.
 */
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick() {
  now = Date.now();
  for (const listener of listeners) listener();
}

function arrange() {
  const wanted = listeners.size > 0 && !document.hidden;
  if (wanted && timer === undefined) {
    timer = setInterval(tick, 1000);
    tick();
  } else if (!wanted && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
  }
}

function subscribe(listener: () => void) {
  if (listeners.size === 0) document.addEventListener("visibilitychange", arrange);
  listeners.add(listener);
  arrange();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) document.removeEventListener("visibilitychange", arrange);
    arrange();
  };
}

function idle() {
  return () => {};
}

/** Unix milliseconds. `ticking`: follows the clock; `still`: the moment of the last render, to the second. */
export function useNow(mode: "ticking" | "still" = "ticking"): number {
  return useSyncExternalStore(
    mode === "ticking" ? subscribe : idle,
    mode === "ticking" ? () => now : readSecond,
  );
}

function readSecond() {
  return Math.ceil(Date.now() / 1000) * 1000;
}

/** The present moment, read once in an event handler or an effect. */
export function readNow(): number {
  return Date.now();
}
