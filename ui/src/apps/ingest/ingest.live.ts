import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Event, RunSummary } from "../../api";
import { type Connection, useEvents, useRun } from "../../stream";
import { useIngest, useIngestErrors } from "./ingest.query";
import {
  advanceWatch,
  describedOf,
  type ErrorRow,
  MAX_ERROR_ROWS,
  mergeErrors,
  phaseOf,
  reachedOf,
  type Step,
  startWatch,
  statsOf,
  type Watch,
} from "./process.model";
import type { IngestPhase, IngestSession } from "./types";

/** One ingest as it stands: its parameters fetched once, its figures moved by the stream. */
export interface LiveIngest {
  /** `null` until the first answer. */
  session: IngestSession | null;
  run: RunSummary | null;
  phase: IngestPhase;
  /** The furthest step reached. */
  reached: Step;
  watch: Watch;
  /** The file that was last said to be in work. */
  current: string | null;
  errors: readonly ErrorRow[];
  connection: Connection;
  error: unknown;
  refetch: () => void;
}

const NO_WATCH: Watch = startWatch(statsOf({ counters: {}, stages: [] }, null), "process");

export function useLiveIngest(id: string): LiveIngest {
  const fetched = useIngest(id);
  const stored = useIngestErrors(id);
  const live = useRun(id);
  const session = fetched.data ?? null;
  const run = live.view?.run ?? session?.run ?? null;
  const phase = run === null ? "processing" : phaseOf(run);
  const reached = run === null ? "process" : reachedOf(run);
  const watch = useWatch(session, run, reached);
  const events = useErrorEvents(id);
  const errors = useMemo(() => mergeErrors(stored.data?.items ?? [], events), [stored.data, events]);
  const { refetch: refetchSession } = fetched;
  const { refetch: refetchErrors } = stored;
  const refetch = useCallback(() => {
    refetchSession();
    refetchErrors();
  }, [refetchSession, refetchErrors]);
  useOnChange(phase, refetch);
  return {
    session,
    run,
    phase,
    reached,
    watch,
    current: live.view === undefined ? (session?.current_file ?? null) : live.view.current,
    errors,
    connection: live.connection,
    error: fetched.error ?? stored.error ?? live.error,
    refetch,
  };
}

/** Folds each reading into what the page remembers; the result only changes when a figure does. */
function useWatch(session: IngestSession | null, run: RunSummary | null, reached: Step): Watch {
  const [watch, setWatch] = useState<Watch | null>(null);
  const counters = run?.counters;
  const stages = run?.stages;
  const fetched = session?.stats;
  useEffect(() => {
    if (counters === undefined || stages === undefined || fetched === undefined) return;
    const stats = statsOf({ counters, stages }, fetched);
    const described = describedOf({ counters, stages }, stats);
    setWatch((before) =>
      before === null
        ? startWatch(stats, reached, described)
        : advanceWatch(before, stats, reached, described),
    );
  }, [counters, stages, fetched, reached]);
  return watch ?? NO_WATCH;
}

/** The errors that came while the page is open; older ones are in the stored list. */
function useErrorEvents(id: string): readonly Event[] {
  const [events, setEvents] = useState<readonly Event[]>([]);
  const listener = useCallback((batch: readonly Event[]) => {
    const errors = batch.filter((event) => event.kind === "app.error");
    if (errors.length > 0) setEvents((before) => [...before, ...errors].slice(-MAX_ERROR_ROWS));
  }, []);
  useEvents(id, listener);
  return events;
}

function useOnChange<T>(value: T, act: () => void): void {
  const last = useRef(value);
  useEffect(() => {
    if (last.current === value) return;
    last.current = value;
    act();
  }, [value, act]);
}
