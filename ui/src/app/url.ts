import { useCallback } from "react";
import { useSearch } from "wouter";
import { navigate } from "wouter/use-browser-location";

/**
 * The URL is the state of a page: every filter, sort, tab and open panel is a query key.
 * `set` replaces keys (null, "" or false takes one out); `push` keeps a step in the history.
 */
export interface UrlState {
  params: URLSearchParams;
  get: (key: string) => string;
  set: (changes: Record<string, string | number | boolean | null>, history?: "replace" | "push") => void;
}

export function useUrlState(): UrlState {
  const search = useSearch();
  const params = new URLSearchParams(search);
  const set = useCallback<UrlState["set"]>((changes, history = "replace") => {
    const next = new URLSearchParams(window.location.search);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === "" || value === false) next.delete(key);
      else next.set(key, value === true ? "1" : String(value));
    }
    const query = next.toString();
    navigate(`${window.location.pathname}${query ? `?${query}` : ""}${window.location.hash}`, {
      replace: history === "replace",
    });
  }, []);
  return { params, get: (key) => params.get(key) ?? "", set };
}
