import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { api, asProblem, type Event, type Page, type Problem } from "../../api";
import { useEvents } from "../../stream";

/** Facts kept a page; what is older stays on the server. */
export const MAX_EVENTS = 100_000;
/** The server's most. */
const PAGE_SIZE = 500;

/** A run's facts in their order: the newest are here first, older ones come page by page before them. */
export class EventBuffer {
  /** Ascending by run_seq, without doubles. Replaced, never changed, when something comes. */
  events: readonly Event[] = [];
  /** How many came before the first that was here at the last change; lists keep their place by it. */
  prepended = 0;
  #listeners = new Set<() => void>();

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  snapshot = () => this.events;

  /** Takes a page of older facts, newest first as the server gives them; answers whether there is room for more. */
  prepend(page: readonly Event[]): boolean {
    const first = this.events[0]?.run_seq ?? Number.POSITIVE_INFINITY;
    const older = page.filter((event) => event.run_seq < first).reverse();
    if (older.length > 0) this.#set([...older, ...this.events], older.length);
    return this.events.length < MAX_EVENTS;
  }

  /** Takes facts as they happen; known ones (sent again after a reconnect) are left out. */
  append(events: readonly Event[]): void {
    const last = this.events.at(-1)?.run_seq ?? 0;
    const fresh = events.filter((event) => event.run_seq > last);
    if (fresh.length > 0) this.#set([...this.events, ...fresh].slice(-MAX_EVENTS), 0);
    else if (events.length > 0) this.#fill(events);
  }

  /** A fact that came late goes to its place. */
  #fill(events: readonly Event[]) {
    const known = new Set(this.events.slice(-PAGE_SIZE).map((event) => event.run_seq));
    const floor = this.events.at(-PAGE_SIZE)?.run_seq ?? 0;
    const late = events.filter((event) => event.run_seq > floor && !known.has(event.run_seq));
    if (late.length > 0)
      this.#set(
        [...this.events, ...late].sort((a, b) => a.run_seq - b.run_seq),
        0,
      );
  }

  #set(events: readonly Event[], prepended: number) {
    this.events = events;
    this.prepended = prepended;
    for (const listener of this.#listeners) listener();
  }
}

export interface RunEvents {
  events: readonly Event[];
  buffer: EventBuffer;
  /** Whether older pages are still on their way. */
  loading: boolean;
  problem: Problem | null;
  retry: () => void;
}

/** A run's facts of some kinds (`log,run.*`; "" for all), loaded newest first and kept up with the stream. */
export function useRunEvents(run: string, kinds: string, wanted: (event: Event) => boolean): RunEvents {
  const [buffer] = useState(() => new EventBuffer());
  const events = useSyncExternalStore(buffer.subscribe, buffer.snapshot);
  const [loading, setLoading] = useState(true);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  const cursor = useRef<string | null>(null);
  useEvents(
    run,
    useCallback((fresh: readonly Event[]) => buffer.append(fresh.filter(wanted)), [buffer, wanted]),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt goes on from the cursor that failed
  useEffect(() => {
    const abort = new AbortController();
    setLoading(true);
    setProblem(null);
    loadAll(run, kinds, buffer, cursor, abort.signal).then(
      () => !abort.signal.aborted && setLoading(false),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setLoading(false);
        setProblem(asProblem(error));
      },
    );
    return () => abort.abort();
  }, [run, kinds, buffer, attempt]);
  return { events, buffer, loading, problem, retry: () => setAttempt(attempt + 1) };
}

async function loadAll(
  run: string,
  kind: string,
  buffer: EventBuffer,
  at: { current: string | null },
  signal: AbortSignal,
) {
  for (;;) {
    const page = await api.get<Page<Event>>(
      `/runs/${encodeURIComponent(run)}/events`,
      { kind, order: "desc", limit: PAGE_SIZE, cursor: at.current },
      signal,
    );
    const room = buffer.prepend(page.items);
    at.current = page.next_cursor;
    if (page.next_cursor === null || !room) return;
  }
}
