/** Named filters of the list, kept in this browser. */
export interface SavedView {
  name: string;
  /** The query string without `?`. */
  query: string;
}

export const MAX_VIEWS = 20;
const MAX_NAME = 60;

/** Views that everybody has. */
export const BUILT_IN: readonly SavedView[] = [
  { name: "All runs", query: "" },
  { name: "Moving", query: "state=queued,running" },
  { name: "Needs me", query: "state=waiting,paused" },
  { name: "Failed or with errors", query: "state=completed_with_errors,failed" },
];

/** The filters of a URL in one spelling, so that two ways to the same list are the same view. */
export function viewQuery(params: URLSearchParams): string {
  const parts: string[] = [];
  for (const key of ["app", "q", "sort", "state"]) {
    const value = params.get(key);
    if (!value) continue;
    const text = key === "state" ? value.split(",").sort().join(",") : value;
    parts.push(`${key}=${encodeURIComponent(text).replaceAll("%2C", ",")}`);
  }
  return parts.join("&");
}

/** Reads what was kept; anything else than views is left out. */
export function parseViews(text: string | null): SavedView[] {
  if (text === null) return [];
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return []; // Not ours, or cut short: as good as none.
    throw error;
  }
  return Array.isArray(raw) ? raw.filter(isView).slice(0, MAX_VIEWS) : [];
}

/** The views with one more; the same name replaces. */
export function addView(views: readonly SavedView[], name: string, query: string): SavedView[] {
  const kept = name.trim().slice(0, MAX_NAME);
  return [...views.filter((view) => view.name !== kept), { name: kept, query }].slice(-MAX_VIEWS);
}

function isView(value: unknown): value is SavedView {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "name") === "string" &&
    typeof Reflect.get(value, "query") === "string"
  );
}
