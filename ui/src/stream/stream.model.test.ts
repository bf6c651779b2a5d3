import { describe, expect, it } from "vitest";
import type { Event, JsonObject, Progress, Run, Stage } from "../api/wire";
import {
  applyEvent,
  applyItem,
  applyProgress,
  applySnapshot,
  GAP_GRACE_MS,
  hasGap,
  knows,
  MAX_ITEMS,
  type RunView,
} from "./stream.model";

const STAGE: Stage = {
  name: "read",
  title: "Read",
  state: "open",
  activity: "ingest.read",
  signal: null,
  wait_class: "cpu",
  needs: [],
  for_each: null,
  total: 10,
  waiting: 0,
  pending: 10,
  in_flight: 0,
  done: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  retries: 0,
  opened_at: 1,
  closed_at: null,
  rate_per_s: 0,
  limit: 2,
};

function run(change: Partial<Run> = {}): Run {
  return {
    id: "0000000000001",
    pipeline: { name: "p", version: 1, title: "P" },
    title: "A run",
    app: "pipeline",
    state: "running",
    created_at: 0,
    started_at: 1,
    ended_at: null,
    created_by: "mira",
    run_seq: 3,
    input: { a: 1 },
    stages: [STAGE],
    counters: {},
    waiting_for: [],
    error: null,
    rate_per_s: 1,
    eta_ms: null,
    figures: { done: 0, total: 10, failed: 0, percent: 0 },
    deliveries: { staged: 0, done: 0, dead: 0, unsent: 0 },
    labels: {},
    ...change,
  };
}

function progress(from: number, to: number, percent: number, change: Partial<Progress> = {}): Progress {
  return {
    run: "0000000000001",
    item: null,
    from,
    to,
    state: "running",
    figures: { done: percent / 10, total: 10, failed: 0, percent },
    stages: [STAGE],
    counters: {},
    rate_per_s: 2,
    eta_ms: 500,
    current: "a.png",
    at: 0,
    ...change,
  };
}

function event(run_seq: number, kind: string, data: JsonObject = {}, stage: string | null = null): Event {
  return {
    run: "0000000000001",
    run_seq,
    feed_seq: run_seq,
    at: 1000 + run_seq,
    kind,
    stage,
    key: null,
    attempt: null,
    data,
  };
}

const start = () => applySnapshot(undefined, run(), 100);

describe("the range that is covered", () => {
  it("grows by progress and by events", () => {
    let view = applyProgress(start(), progress(4, 9, 20), "stream", 100);
    view = applyEvent(view, event(10, "log"), 100);
    expect(view.covered).toBe(10);
    expect(view.gapSince).toBeNull();
  });

  it("waits for progress that comes after a later event, without calling it a loss", () => {
    let view = applyEvent(start(), event(8, "log"), 100);
    expect(view.covered).toBe(3);
    expect(view.gapSince).toBe(100);
    expect(hasGap(view, 100 + GAP_GRACE_MS - 1)).toBe(false);
    view = applyProgress(view, progress(4, 7, 20), "stream", 200);
    expect(view.covered).toBe(8);
    expect(view.gapSince).toBeNull();
  });

  it("knows a loss once its grace is over, and a fetched run mends it", () => {
    let view = applyProgress(start(), progress(7, 9, 20), "stream", 100);
    expect(hasGap(view, 100 + GAP_GRACE_MS)).toBe(true);
    view = applySnapshot(view, run({ run_seq: 9 }), 5000);
    expect(view.covered).toBe(9);
    expect(hasGap(view, 99_999)).toBe(false);
  });

  it("keeps several early ranges apart and joins them as the holes close", () => {
    let view = start();
    for (const seq of [12, 6, 13, 9]) view = applyEvent(view, event(seq, "log"), 100);
    expect(view.ahead).toEqual([
      [6, 6],
      [9, 9],
      [12, 13],
    ]);
    view = applyProgress(view, progress(4, 8, 10), "stream", 150);
    expect([view.covered, view.ahead, view.gapSince]).toEqual([9, [[12, 13]], 150]);
    expect(knows(view, 12)).toBe(true);
    expect(knows(view, 11)).toBe(false);
    view = applyProgress(view, progress(9, 11, 20), "stream", 160);
    expect([view.covered, view.ahead, view.gapSince]).toEqual([13, [], null]);
  });

  it("comes out the same for every order of the same frames", () => {
    const frames: ((view: RunView) => RunView)[] = [
      (view) => applyProgress(view, progress(4, 6, 10), "stream", 100),
      (view) => applyEvent(view, event(7, "log"), 100),
      (view) => applyProgress(view, progress(7, 9, 30), "stream", 100),
      (view) => applyEvent(view, event(9, "stage.closed", {}, "read"), 100),
    ];
    for (const order of permutations(frames)) {
      const view = order.reduce((before, apply) => apply(before), start());
      expect([view.covered, view.gapSince, view.run.figures.percent]).toEqual([9, null, 30]);
    }
  });

  it("takes polled figures as they are", () => {
    const view = applyProgress(start(), progress(40, 80, 50), "poll", 100);
    expect([view.covered, view.gapSince]).toEqual([80, null]);
  });
});

describe("progress", () => {
  it("never goes backwards", () => {
    let view = applyProgress(start(), progress(4, 6, 60), "stream", 100);
    view = applyProgress(view, progress(7, 8, 40), "stream", 100);
    expect(view.run.figures.percent).toBe(60);
    view = applyProgress(view, progress(4, 5, 10), "stream", 100);
    expect(view.run.figures.percent).toBe(60);
    view = applySnapshot(view, run({ run_seq: 3 }), 100);
    expect(view.run.figures.percent).toBe(60);
  });

  it("reaches 100 only with the end", () => {
    let view = applyProgress(start(), progress(4, 6, 100), "stream", 100);
    expect(view.run.figures.percent).toBe(99.9);
    view = applyProgress(view, progress(7, 7, 100, { state: "completed" }), "stream", 100);
    expect(view.run.figures.percent).toBe(100);
  });

  it("may fall when a finished run is retried", () => {
    let view = applySnapshot(
      undefined,
      run({ state: "failed", ended_at: 9, figures: { done: 9, total: 10, failed: 1, percent: 100 } }),
      100,
    );
    view = applyEvent(view, event(4, "run.retried"), 100);
    expect([view.run.state, view.run.ended_at, view.run.figures.percent]).toEqual(["running", null, 90]);
    view = applyProgress(view, progress(5, 5, 95), "stream", 100);
    view = applySnapshot(
      view,
      run({ run_seq: 6, figures: { done: 9, total: 10, failed: 0, percent: 92 } }),
      100,
    );
    expect(view.run.figures.percent).toBe(95);
  });
});

describe("events", () => {
  it("change the state, once", () => {
    let view = applyEvent(start(), event(4, "run.waiting", { stage: "approve", signal: "commit" }), 100);
    expect(view.run.state).toBe("waiting");
    expect(view.run.waiting_for).toEqual([{ stage: "approve", signal: "commit", since: 1004 }]);
    view = applyEvent(view, event(5, "signal.received", { name: "commit" }), 100);
    view = applyEvent(
      view,
      event(6, "run.failed", { error: { code: "x", message: "y", retryable: true } }),
      100,
    );
    expect([view.run.state, view.run.error?.code, view.run.ended_at, view.run.waiting_for]).toEqual([
      "failed",
      "x",
      1006,
      [],
    ]);
    expect(applyEvent(view, event(4, "run.waiting"), 200)).toBe(view);
  });

  it("that come late do not turn a newer state back", () => {
    let view = applyProgress(start(), progress(6, 9, 50, { state: "paused" }), "stream", 100);
    view = applyEvent(view, event(5, "run.waiting", { stage: "a", signal: "b" }), 100);
    expect(view.run.state).toBe("paused");
    expect(view.incomplete).toBe(true);
  });

  it("leave the picture incomplete when a snapshot from before the state arrives", () => {
    const ahead = applyProgress(start(), progress(6, 9, 50, { state: "waiting" }), "stream", 100);
    expect(ahead.incomplete).toBe(true);
    const old = { ...ahead.run, run_seq: ahead.covered, state: "running" as const };
    const view = applySnapshot(ahead, old, 200);
    expect([view.run.state, view.incomplete]).toEqual(["waiting", true]);
    expect(applySnapshot(view, { ...old, run_seq: 9, state: "waiting" }, 300).incomplete).toBe(false);
  });

  it("close the stage they name", () => {
    const view = applyEvent(start(), event(4, "stage.closed", {}, "read"), 100);
    expect(view.run.stages[0]).toMatchObject({ state: "closed", closed_at: 1004 });
  });
});

describe("snapshots", () => {
  it("without the input keep the one that was fetched", () => {
    const { input: _, ...summary } = run({ run_seq: 5 });
    const view = applySnapshot(start(), summary, 100);
    expect("input" in view.run && view.run.input).toEqual({ a: 1 });
  });
});

describe("items in work", () => {
  it("are bounded, newest kept, finished gone", () => {
    let view = start();
    for (let i = 0; i < MAX_ITEMS + 5; i++) {
      view = applyItem(
        view,
        { run: "r", item: `k${i}`, stage: "read", done: 1, total: 2, message: null, at: i },
        100,
      );
    }
    expect(view.items.size).toBe(MAX_ITEMS);
    expect(view.items.has("k0")).toBe(false);
    view = applyItem(
      view,
      { run: "r", item: "k60", stage: "read", done: 2, total: 2, message: null, at: 999 },
      100,
    );
    expect(view.items.has("k60")).toBe(false);
  });
});

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((item, index) =>
    permutations([...list.slice(0, index), ...list.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

it("deliveries are what the newest snapshot or progress says of them", () => {
  const told = { staged: 9, done: 8, dead: 1, unsent: 0 };
  let view = applySnapshot(start(), run({ run_seq: 6, deliveries: told }), 100);
  view = applyEvent(view, event(7, "delivery.dead", { key: "a" }), 100);
  expect(view.run.deliveries).toEqual(told);
  const after = { ...told, done: 9, dead: 0 };
  view = applyProgress(view, { ...progress(8, 9, 21), deliveries: after }, "stream", 1);
  expect(view.run.deliveries).toEqual(after);
});
