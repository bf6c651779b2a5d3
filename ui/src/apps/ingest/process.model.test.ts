import { describe, expect, it } from "vitest";
import type { RunState } from "../../api";
import {
  advanceWatch,
  describedOf,
  groupErrors,
  mergeErrors,
  phaseOf,
  processedPercent,
  reachedOf,
  startWatch,
  statCards,
  statsOf,
} from "./process.model";
import type { IngestStats } from "./types";

function stats(over: Partial<IngestStats> = {}): IngestStats {
  return {
    discovered: 0,
    skipped: 0,
    processed: 0,
    failed: 0,
    metadata: 0,
    keywords: 0,
    scores: 0,
    nsfw: 0,
    errors: 0,
    ...over,
  };
}

describe("the overall bar", () => {
  it("reaches 100 only when processing has ended", () => {
    const all = stats({ discovered: 3, processed: 3 });
    expect(processedPercent(all, "process")).toBe(99.9);
    expect(processedPercent(all, "preview")).toBe(100);
    expect(processedPercent(stats(), "process")).toBe(0);
    expect(processedPercent(stats(), "commit")).toBe(100);
  });

  it("counts failed and skipped files as settled", () => {
    expect(processedPercent(stats({ discovered: 10, processed: 2, failed: 1, skipped: 2 }), "process")).toBe(
      50,
    );
  });

  it("never goes back while folders are still being read", () => {
    let watch = startWatch(stats({ discovered: 10, processed: 5 }), "process");
    const seen = [watch.percent];
    for (const [discovered, processed] of [
      [100, 6],
      [1000, 7],
      [1000, 990],
      [1000, 1000],
    ] as const) {
      watch = advanceWatch(watch, stats({ discovered, processed }), "process");
      seen.push(watch.percent);
    }
    watch = advanceWatch(watch, stats({ discovered: 1000, processed: 1000 }), "preview");
    seen.push(watch.percent);
    expect(seen).toEqual([50, 50, 50, 99, 99.9, 100]);
  });
});

describe("pulses", () => {
  it("pulse the figures that changed, and those only", () => {
    const watch = startWatch(stats({ discovered: 10, processed: 1 }), "process");
    const next = advanceWatch(watch, stats({ discovered: 10, processed: 2, keywords: 4 }), "process");
    expect(next.pulses).toMatchObject({ processed: 1, keywords: 1, discovered: 0, errors: 0 });
  });

  it("return the same object when nothing changed, so that nothing is drawn", () => {
    const watch = startWatch(stats({ discovered: 10, processed: 1 }), "process");
    expect(advanceWatch(watch, stats({ discovered: 10, processed: 1 }), "process")).toBe(watch);
  });

  it("flash every ten files, once even when a conflated update jumps over several tens", () => {
    let watch = startWatch(stats({ discovered: 100, processed: 9 }), "process");
    const flashes = [];
    for (const processed of [10, 11, 19, 45, 46, 50]) {
      watch = advanceWatch(watch, stats({ discovered: 100, processed }), "process");
      flashes.push(watch.flashes);
    }
    expect(flashes).toEqual([1, 1, 1, 2, 2, 3]);
    expect(watch.milestone).toBe(50);
  });
});

describe("figures", () => {
  const stage = (name: string, total: number, done: number, failed: number, state = "open") => ({
    name,
    state,
    total,
    done,
    failed,
    opened_at: 1,
  });

  it("come from the run's counters where it counts them, else from what was fetched", () => {
    const fetched = stats({ discovered: 5, keywords: 9 });
    expect(
      statsOf(
        { counters: { discovered: 8, processed: 3, errors: 1, keywords: 70, other: 1 }, stages: [] },
        fetched,
      ),
    ).toEqual(stats({ discovered: 8, processed: 3, errors: 1, keywords: 9 }));
    expect(statsOf({ counters: {}, stages: [] }, null)).toEqual(stats());
  });

  it("count files by stage as the server does; the bar waits until every look at them is done", () => {
    const stages = [
      stage("discover", 1, 1, 0, "closed"),
      stage("read", 100, 80, 2),
      stage("enrich", 70, 70, 0),
      stage("classify", 70, 39, 1),
    ];
    const run = { counters: { skipped: 10, errors: 4 }, stages };
    const now = statsOf(run, null);
    expect(now).toEqual(stats({ discovered: 100, skipped: 10, failed: 2, processed: 70, errors: 7 }));
    expect(describedOf(run, now)).toBe(40);
    expect(startWatch(now, "process", describedOf(run, now)).percent).toBe(52);
  });

  it("do not wait for a stage that is left out", () => {
    const stages = [stage("read", 10, 9, 1), stage("enrich", 9, 9, 0), stage("classify", 0, 0, 0, "skipped")];
    const now = statsOf({ counters: {}, stages }, null);
    expect(now).toMatchObject({ processed: 9, failed: 1, errors: 1 });
    expect(describedOf({ counters: {}, stages }, now)).toBe(9);
  });

  it("add up at the end", () => {
    const stages = [stage("read", 10, 9, 1), stage("enrich", 7, 6, 1), stage("classify", 7, 7, 0)];
    const end = statsOf({ counters: { skipped: 2 }, stages }, null);
    expect(end.processed + end.failed + end.skipped).toBe(end.discovered);
  });

  it("make six cards, and two more when there is something to say", () => {
    expect(statCards(stats()).map((c) => c.name)).toEqual([
      "processed",
      "metadata",
      "keywords",
      "scores",
      "nsfw",
      "errors",
    ]);
    const more = statCards(stats({ skipped: 1, failed: 2, errors: 3 }));
    expect(more.map((c) => c.name).slice(6)).toEqual(["skipped", "failed"]);
    expect(more.find((c) => c.name === "errors")?.tone).toBe("bad");
    expect(statCards(stats()).find((c) => c.name === "errors")?.tone).toBe("plain");
  });
});

describe("the phase", () => {
  const stage = (name: string, state: string) => ({
    name,
    state,
    total: 0,
    done: 0,
    failed: 0,
    opened_at: state === "pending" ? null : 1,
  });
  const run = (state: RunState, over: object = {}) => ({
    state,
    counters: {},
    waiting_for: [],
    stages: [stage("discover", "open"), stage("approve", "pending"), stage("commit", "pending")],
    ...over,
  });

  it("follows the run", () => {
    expect(phaseOf(run("queued"))).toBe("processing");
    expect(phaseOf(run("running"))).toBe("processing");
    expect(phaseOf(run("paused"))).toBe("processing");
    expect(phaseOf(run("waiting", { waiting_for: [{ stage: "approve", signal: "commit" }] }))).toBe(
      "preview",
    );
    expect(phaseOf(run("running", { stages: [stage("approve", "closed"), stage("commit", "open")] }))).toBe(
      "committing",
    );
    for (const state of ["completed", "completed_with_errors", "failed", "cancelled"] as const) {
      expect(phaseOf(run(state))).toBe("done");
    }
  });
});

describe("the step reached", () => {
  const stage = (name: string, opened: boolean) => ({
    name,
    state: opened ? "open" : "pending",
    total: 0,
    done: 0,
    failed: 0,
    opened_at: opened ? 1 : null,
  });
  const run = (state: RunState, approve: boolean, commit: boolean) => ({
    state,
    counters: {},
    waiting_for: [],
    stages: [stage("read", true), stage("approve", approve), stage("commit", commit)],
  });

  it.each([
    ["running", false, false, "process"],
    ["running", true, false, "process"],
    ["completed", true, true, "commit"],
    ["completed_with_errors", true, true, "commit"],
    ["cancelled", false, false, "process"],
    ["cancelled", true, false, "preview"],
    ["failed", true, true, "commit"],
  ] as const)("of a run that is %s (approve %s, commit %s) is %s", (state, approve, commit, step) => {
    const one = run(state, approve, commit);
    if (state === "running") one.stages = one.stages.filter((s) => s.name !== "commit");
    expect(reachedOf(one)).toBe(step);
  });

  it("keeps a cancelled ingest's bar where it stood", () => {
    const half = stats({ discovered: 10, processed: 5 });
    expect(processedPercent(half, reachedOf(run("cancelled", false, false)))).toBe(50);
  });
});

describe("errors", () => {
  const stored = {
    at: 100,
    file: "a.png",
    key: "a.png",
    stage: "read",
    code: "decode",
    message: "truncated",
  };
  const event = (data: Record<string, unknown>, at = 200, run_seq = 1) => ({
    kind: "app.error",
    at,
    run_seq,
    stage: null,
    key: null,
    data,
  });

  it("are listed once, newest first, wherever they came from", () => {
    const rows = mergeErrors(
      [stored],
      [
        event({ file: "a.png", stage: "read", code: "decode", message: "truncated" }, 101),
        event({ file: "b.png", stage: "enrich", code: "sidecar", message: "bad JSON" }),
        { ...event({}), kind: "log" },
      ],
    );
    expect(rows.map((r) => [r.file, r.at])).toEqual([
      ["b.png", 200],
      ["a.png", 100],
    ]);
  });

  it("are grouped by cause with first and last time", () => {
    const rows = mergeErrors(
      [stored, { ...stored, file: "c.png", at: 50 }, { ...stored, code: "other", at: 70 }],
      [],
    );
    const [first, second] = groupErrors(rows);
    expect(first).toMatchObject({ code: "decode", count: 2, first_at: 50, last_at: 100 });
    expect(first?.example.file).toBe("a.png");
    expect(second?.code).toBe("other");
  });

  it("survive an event with unexpected data", () => {
    expect(mergeErrors([], [event({ file: 7, message: null })])[0]).toMatchObject({
      file: "",
      code: "unknown",
    });
  });
});
