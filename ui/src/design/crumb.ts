import { useSyncExternalStore } from "react";

/** The word of the open page for what it shows: a run's title, not its id. Null between pages. */
let current: string | null = null;
const listeners = new Set<() => void>();

/** Shows the page's word in the breadcrumb until the page goes; the answer takes it back. */
export function showCrumb(crumb: string): () => void {
  set(crumb);
  return () => {
    // Another page may have set its own before this one is gone.
    if (current === crumb) set(null);
  };
}

/** What the open page calls what it shows. */
export function usePageCrumb(): string | null {
  return useSyncExternalStore(listen, () => current);
}

function set(crumb: string | null): void {
  current = crumb;
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
