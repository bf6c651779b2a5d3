import { useCallback, useEffect, useRef, useState } from "react";

/**
 * A function that acts at most once in `ms`, however often it is called; the last call of a burst is never lost.
 * Events by the thousand must not become requests by the thousand. `act` may change between calls.
 */
export function useCalm(ms: number, act: () => void): () => void {
  const latest = useRef(act);
  latest.current = act;
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const actedAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
  return useCallback(() => {
    if (timer.current !== null) return;
    const wait = Math.max(0, actedAt.current + ms - performance.now());
    timer.current = setTimeout(() => {
      timer.current = null;
      actedAt.current = performance.now();
      latest.current();
    }, wait);
  }, [ms]);
}

/** Acts when `version` has changed, at most once in `ms`; not for the first one. */
export function useCalmly(version: unknown, ms: number, act: () => void): void {
  const calm = useCalm(ms, act);
  const last = useRef(version);
  useEffect(() => {
    if (Object.is(last.current, version)) return;
    last.current = version;
    calm();
  }, [version, calm]);
}

/** The value, at most one new one in `ms`. */
export function useCalmValue<T>(value: T, ms: number): T {
  const [calm, setCalm] = useState(value);
  useCalmly(value, ms, () => setCalm(value));
  return calm;
}
