import type { RunState, RunSummary } from "../../api";

export const RUN_STATES: readonly RunState[] = [
  "queued",
  "running",
  "waiting",
  "paused",
  "completed",
  "completed_with_errors",
  "failed",
  "cancelled",
];

export type SortKey = "created" | "title" | "state" | "progress" | "duration";
const SORT_KEYS: readonly string[] = ["created", "title", "state", "progress", "duration"];

/** The filters and order of the list, as they stand in the URL. */
export interface RunListState {
  states: RunState[];
  app: string;
  q: string;
  sort: SortKey;
  descending: boolean;
}

/** Reads the URL; what it does not know is left out. */
export function parseListState(params: URLSearchParams): RunListState {
  const states = (params.get("state") ?? "").split(",").filter(isRunState);
  const sort = params.get("sort") ?? "-created";
  const key = sort.replace(/^-/, "");
  return {
    states,
    app: params.get("app") ?? "",
    q: params.get("q") ?? "",
    sort: SORT_KEYS.includes(key) ? (key as SortKey) : "created",
    descending: sort.startsWith("-"),
  };
}

/** How the order stands in the URL; null for the usual one. */
export function sortParam(key: SortKey, descending: boolean): string | null {
  return key === "created" && descending ? null : `${descending ? "-" : ""}${key}`;
}

/** What pressing a column's head leads to: the other way round, or its natural way first. */
export function nextSort(state: RunListState, key: SortKey): { key: SortKey; descending: boolean } {
  if (state.sort === key) return { key, descending: !state.descending };
  return { key, descending: key !== "title" && key !== "state" };
}

/** Whether a run passes the filters; the server's answer and the live picture are judged alike. */
export function matches(run: RunSummary, { states, app, q }: RunListState): boolean {
  if (states.length > 0 && !states.includes(run.state)) return false;
  if (app !== "" && run.app !== app) return false;
  if (q === "") return true;
  const text = q.toLowerCase();
  return (
    run.title.toLowerCase().includes(text) ||
    run.id.startsWith(text) ||
    run.pipeline.title.toLowerCase().includes(text)
  );
}

/** The runs in the order asked for; equal ones newest first. */
export function sortRuns(runs: readonly RunSummary[], { sort, descending }: RunListState): RunSummary[] {
  const sign = descending ? -1 : 1;
  const value = VALUES[sort];
  // Each key once: lower-casing inside the comparison costs more than the sort.
  const keyed = runs.map((run) => ({ run, key: value(run) }));
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : b.run.created_at - a.run.created_at));
  return keyed.map(({ run }) => run);
}

const VALUES: Record<SortKey, (run: RunSummary) => number | string> = {
  created: (run) => run.created_at,
  title: (run) => run.title.toLowerCase(),
  state: (run) => RUN_STATES.indexOf(run.state),
  progress: (run) => run.figures.percent,
  duration: (run) =>
    run.started_at === null ? 0 : (run.ended_at ?? Number.MAX_SAFE_INTEGER) - run.started_at,
};

function isRunState(text: string): text is RunState {
  return RUN_STATES.some((state) => state === text);
}
