import { useEffect, useMemo, useRef, useState } from "react";
import type { Event, Run } from "../../api";
import { type Connection, useConnection } from "../../stream";
import { useIngest, useIngestErrors } from "./ingest.query";
import {
  advanceWatch,
  type ErrorRow,
  hasEnded,
  mergeErrors,
  phaseOf,
  startWatch,
  statsOf,
  type Watch,
} from "./process.model";
import type { IngestPhase, IngestSession } from "./types";

/** One ingest as it stands: fetched once, moved by the stream. */
export interface LiveIngest {
  /** `null` until the first answer. */
  session: IngestSession | null;
  phase: IngestPhase;
  watch: Watch;
  /** The file that was last said to be in work. */
  current: string | null;
  errors: readonly ErrorRow[];
  connection: Connection;
  error: unknown;
  refetch: () => void;
}

const NO_WATCH: Watch = startWatch(statsOf({}, null), "processing");

export function useLiveIngest(id: string): LiveIngest {
  const fetched = useIngest(id);
  const stored = useIngestErrors(id);
  const connection = useConnection();
  const run: Run | null = fetched.data?.run ?? null;
  const events: readonly Event[] = useMemo(() => [], []);
  const session = useMemo(
    () => (fetched.data && run !== null ? { ...fetched.data, run } : null),
    [fetched.data, run],
  );
  const phase = run === null ? "processing" : phaseOf(run);
  const watch = useWatch(session, phase);
  const errors = useMemo(() => mergeErrors(stored.data?.items ?? [], events), [stored.data, events]);
  useRefetchOn(phase, () => {
    fetched.refetch();
    stored.refetch();
  });
  return {
    session,
    phase,
    watch,
    current: fetched.data?.current_file ?? null,
    errors,
    connection: run !== null && hasEnded(run.state) ? { ...connection, state: "ended" } : connection,
    error: fetched.error,
    refetch: () => fetched.refetch(),
  };
}

/** Folds each reading into what the page remembers; `watch` only changes when a figure does. */
function useWatch(session: IngestSession | null, phase: IngestPhase): Watch {
  const [watch, setWatch] = useState<Watch | null>(null);
  const counters = session?.run.counters;
  const fetched = session?.stats;
  useEffect(() => {
    if (counters === undefined || fetched === undefined) return;
    const stats = statsOf(counters, fetched);
    setWatch((before) => (before === null ? startWatch(stats, phase) : advanceWatch(before, stats, phase)));
  }, [counters, fetched, phase]);
  return watch ?? NO_WATCH;
}

function useRefetchOn(phase: IngestPhase, refetch: () => void): void {
  const last = useRef(phase);
  const latest = useRef(refetch);
  latest.current = refetch;
  useEffect(() => {
    if (last.current === phase) return;
    last.current = phase;
    latest.current();
  }, [phase]);
}
