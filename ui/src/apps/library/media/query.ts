import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

/** The query part of the URL as state: what a filter model parses, and how its written form replaces it. */
export function useQueryState(): readonly [
  URLSearchParams,
  (next: URLSearchParams, history?: "replace" | "push") => void,
] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const write = useCallback(
    (next: URLSearchParams, history: "replace" | "push" = "replace") => {
      const text = next.toString();
      navigate(text === "" ? path : `${path}?${text}`, { replace: history === "replace" });
    },
    [navigate, path],
  );
  return [params, write] as const;
}

/** A copy of the parameters with some of them replaced; `null` takes one out. */
export function withParams(params: URLSearchParams, changes: Record<string, string | null>): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(key);
    else next.set(key, value);
  }
  return next;
}
