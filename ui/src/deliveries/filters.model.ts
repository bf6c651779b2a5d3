/** The filters of the deliveries list, as they stand in the URL, and what a replay of them would ask for. */
import type { Delivery, DeliveryState, DeliverySummary, ReplayRequest } from "../api";

export const DELIVERY_STATES: readonly DeliveryState[] = [
  "pending",
  "leased",
  "retry",
  "unknown",
  "blocked",
  "dead",
  "done",
];

export interface DeliveryFilter {
  states: DeliveryState[];
  destination: string;
  run: string;
  kind: string;
  /** Error code. */
  reason: string;
  q: string;
}

/** Reads the URL; what it does not know is left out. */
export function parseFilter(params: URLSearchParams): DeliveryFilter {
  const text = (key: string) => params.get(key) ?? "";
  return {
    states: text("state").split(",").filter(isDeliveryState),
    destination: text("destination"),
    run: text("run"),
    kind: text("kind"),
    reason: text("reason"),
    q: text("q"),
  };
}

/** What the server is asked; a list repeats its key. */
export function filterQuery({ states, ...rest }: DeliveryFilter) {
  return { state: states, ...rest };
}

export function isFiltered({ states, ...rest }: DeliveryFilter): boolean {
  return states.length > 0 || Object.values(rest).some((value) => value !== "");
}

/** Every filter taken out, as changes of the URL. */
export const CLEARED = { state: null, destination: null, run: null, kind: null, reason: null, q: null };

/** Only what was given up is replayed; the rest goes on by itself. */
export function isReplayable(state: DeliveryState): boolean {
  return state === "dead";
}

/**
 * The filter as a replay of the dead ones that pass it; null where it cannot be handed to the server as it is: a replay
 * knows runs and destinations, but no kinds, reasons or words; those are replayed by their ids.
 */
export function replayOfFilter(filter: DeliveryFilter): Omit<ReplayRequest, "dry_run"> | null {
  if (filter.kind !== "" || filter.reason !== "" || filter.q !== "") return null;
  if (filter.run === "" && filter.destination === "") return null;
  if (filter.states.length > 0 && !filter.states.some(isReplayable)) return null;
  return {
    ...(filter.run === "" ? {} : { run: filter.run }),
    ...(filter.destination === "" ? {} : { destination: filter.destination }),
  };
}

/** Deliveries in a state that nothing but time or the destination changes: worth looking again. */
export function moving(summary: DeliverySummary | undefined): number {
  if (summary === undefined) return 0;
  const { pending = 0, leased = 0, retry = 0, unknown = 0 } = summary.by_state;
  return pending + leased + retry + unknown;
}

/** How many are in any state. */
export function total(byState: DeliverySummary["by_state"]): number {
  return Object.values(byState).reduce((sum, count) => sum + count, 0);
}

/** The runs of these rows whose facts can still change them, to be followed; at most `most`. */
export function unsettledRuns(rows: readonly Delivery[], filtered: string, most: number): string[] {
  const runs = new Set<string>(filtered === "" ? [] : [filtered]);
  for (const { run, state } of rows) {
    if (runs.size >= most) break;
    if (state !== "done" && state !== "dead") runs.add(run);
  }
  return [...runs].sort();
}

export function isDeliveryState(text: string): text is DeliveryState {
  return DELIVERY_STATES.some((state) => state === text);
}
