/** A run for tests. */
import type { Run, Stage } from "../api";

export function sampleStage(change: Partial<Stage> = {}): Stage {
  return {
    name: "read",
    title: "Read",
    state: "open",
    activity: "ingest.read",
    signal: null,
    wait_class: "cpu",
    needs: [],
    for_each: null,
    total: 0,
    waiting: 0,
    pending: 0,
    in_flight: 0,
    done: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    retries: 0,
    opened_at: null,
    closed_at: null,
    rate_per_s: 0,
    limit: null,
    ...change,
  };
}

export function sampleRun(change: Partial<Run> = {}): Run {
  return {
    id: "0000000000001",
    pipeline: { name: "ingest", version: 1, title: "Ingest media" },
    title: "A run",
    app: "ingest",
    state: "running",
    created_at: 0,
    started_at: 1,
    ended_at: null,
    created_by: "mira",
    run_seq: 3,
    input: {},
    stages: [sampleStage()],
    counters: {},
    waiting_for: [],
    error: null,
    rate_per_s: 0,
    eta_ms: null,
    figures: { done: 0, total: 0, failed: 0, percent: 0 },
    deliveries: { staged: 0, done: 0, dead: 0, unsent: 0 },
    labels: {},
    ...change,
  };
}
