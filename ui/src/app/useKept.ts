import { useCallback, useRef, useState } from "react";

/**
 * A form's draft, kept in this tab at every change until it is cleared. What cannot be read back (another version
 * wrote it, a person edited it) gives the empty draft.
 */
export function useKept<T>(
  key: string,
  empty: T,
  isValid: (value: unknown) => value is T,
): readonly [T, (next: T) => void, () => void] {
  const start = useRef(empty);
  const [draft, setDraft] = useState<T>(() => read(key, empty, isValid));
  const keep = useCallback(
    (next: T) => {
      setDraft(next);
      sessionStorage.setItem(key, JSON.stringify(next));
    },
    [key],
  );
  const clear = useCallback(() => {
    sessionStorage.removeItem(key);
    setDraft(start.current);
  }, [key]);
  return [draft, keep, clear] as const;
}

function read<T>(key: string, empty: T, isValid: (value: unknown) => value is T): T {
  const text = sessionStorage.getItem(key);
  if (text === null) return empty;
  try {
    const value: unknown = JSON.parse(text);
    return isValid(value) ? value : empty;
  } catch (error) {
    if (error instanceof SyntaxError) return empty;
    throw error;
  }
}
