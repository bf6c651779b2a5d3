import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { api } from "../api/client";
import { ProblemError } from "../api/problem";
import type { Event, Limit, Page, Run, RunSummary } from "../api/wire";
import type { Connection } from "./connection";
import type { Channel, Streams } from "./protocol";
import { StreamStore } from "./store";
import { isTerminal, type RunView } from "./stream.model";

/** Called when a run that was lost could not be fetched; the app shows it. */
let onRefetchError: (error: unknown) => void = () => {};

/** Says where the store reports that it could not fetch a run anew. */
export function setRefetchErrorListener(listener: (error: unknown) => void): void {
  onRefetchError = listener;
}

const store = new StreamStore({
  run: (id) => api.get<Run>(`/runs/${encodeURIComponent(id)}`),
  recent: async () => (await api.get<Page<RunSummary>>("/runs", { limit: 50 })).items,
  onError: (error) => {
    // Gone or not ours: the page that shows the run says so itself by its own query.
    if (error instanceof ProblemError && (error.status === 404 || error.status === 403)) return;
    onRefetchError(error);
  },
});

export interface RunLive {
  /** Undefined until the first answer. */
  view: RunView | undefined;
  connection: Connection;
  error: Error | null;
  refetch: () => void;
}

/** One run, followed while the component is there. */
export function useRun(id: string): RunLive {
  useEffect(() => store.followRun(id), [id]);
  const listen = useCallback((listener: () => void) => store.listen(`run:${id}`, listener), [id]);
  const view = useSyncExternalStore(listen, () => store.view(id));
  const query = useQuery({
    queryKey: ["run", id],
    queryFn: async ({ signal }) => {
      const run = await api.get<Run>(`/runs/${encodeURIComponent(id)}`, undefined, signal);
      store.offer([run]);
      return run.run_seq;
    },
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  const shared = useConnection();
  const connection = useMemo<Connection>(
    () =>
      view && isTerminal(view.run.state)
        ? { state: "ended", asOf: view.asOf, retryAt: null, reason: null }
        : shared,
    [view, shared],
  );
  const { refetch } = query;
  return { view, connection, error: query.error, refetch: useCallback(() => void refetch(), [refetch]) };
}

/** Follows some runs for their facts, without looking at their figures. */
export function useFollowRuns(ids: readonly string[]): void {
  const key = ids.join(" ");
  useEffect(() => {
    const ends = key === "" ? [] : key.split(" ").map((id) => store.followRun(id));
    return () => {
      for (const end of ends) end();
    };
  }, [key]);
}

/** Changes whenever a delivery of a run (or of any, "") is staged, arrives or is given up. */
export function useDeliveriesVersion(run: string): string {
  useChannel("runs");
  return useSyncExternalStore(
    listenRuns,
    useCallback(() => store.deliveriesVersion(run), [run]),
  );
}

/** Every run the page has heard of, newest first; the active ones move. */
export function useRuns(): readonly RunView[] {
  useChannel("runs");
  return useSyncExternalStore(listenRuns, store.runs);
}

/** Hands runs that a list fetched to the store, so that they move with the stream. */
export function useOfferRuns(page: Page<RunSummary> | undefined): void {
  useEffect(() => {
    if (page) store.offer(page.items);
  }, [page]);
}

export interface LimitsLive {
  limits: readonly Limit[] | null;
  error: Error | null;
  refetch: () => void;
}

/**
 * The limits in force; null until they are known. Changes come with the stream; use, throughput and pins have no events
 * and are asked for every `refreshMs` where they are shown.
 */
export function useLimits(refreshMs?: number): LimitsLive {
  useChannel("limits");
  const limits = useSyncExternalStore(listenLimits, store.limits);
  const query = useQuery({
    queryKey: ["limits"],
    queryFn: async ({ signal }) => {
      const page = await api.get<Page<Limit>>("/limits", undefined, signal);
      store.offerLimits(page.items);
      return page.items.length;
    },
    staleTime: 5_000,
    ...(refreshMs === undefined ? {} : { refetchInterval: refreshMs }),
  });
  const { refetch } = query;
  return { limits, error: query.error, refetch: useCallback(() => void refetch(), [refetch]) };
}

/** How fresh everything is; follows nothing by itself. */
export function useConnection(): Connection {
  return useSyncExternalStore(listenConnection, store.connection);
}

/** Counts the times that history was lost or replaced (a restore): what was read before is void. */
export function useResets(): number {
  return useSyncExternalStore(listenResets, store.resets);
}

/** Follows a channel while the component is there. */
export function useChannel(channel: Channel): void {
  useEffect(() => store.followChannel(channel), [channel]);
}

/** Calls back with every fact of a run (or of all runs, `null`) as it arrives. Keep `listener` stable. */
export function useEvents(run: string | null, listener: (events: readonly Event[]) => void): void {
  useEffect(
    () =>
      store.onEvents((events) => {
        const ours = run === null ? events : events.filter((event) => event.run === run);
        if (ours.length > 0) listener(ours);
      }),
    [run, listener],
  );
}

/** Takes a run that an action answered with. */
export function offerRun(run: Run): void {
  store.offer([run]);
}

/** Takes a limit that pinning it answered with. */
export function offerLimit(limit: Limit): void {
  store.offerLimit(limit);
}

/** Says whether the server has streams; without, pages poll. */
export function setStreams(streams: Streams): void {
  store.setStreams(streams);
}

/** Tries to connect at once (after signing in). */
export function wakeStream(): void {
  store.wake();
}

function listenRuns(listener: () => void) {
  return store.listen("runs", listener);
}
function listenLimits(listener: () => void) {
  return store.listen("limits", listener);
}
function listenResets(listener: () => void) {
  return store.listen("resets", listener);
}
function listenConnection(listener: () => void) {
  return store.listen("connection", listener);
}
