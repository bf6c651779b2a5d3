import { describe, expect, it } from "vitest";
import type { RunState, RunSummary } from "../api";
import { bulkCancelPreview, cancelEffect, runActions, stageActions } from "./actions.model";
import { sampleRun, sampleStage } from "./sample";

const verbs = (run: RunSummary) => runActions(run).map((action) => action.verb);

describe("what can be done to a run", () => {
  it("follows its state", () => {
    const table: [RunState, string[]][] = [
      ["queued", ["pause", "cancel"]],
      ["running", ["pause", "cancel"]],
      ["waiting", ["pause", "cancel"]],
      ["paused", ["resume", "cancel"]],
      ["completed", ["rerun"]],
      ["completed_with_errors", ["rerun"]],
      ["failed", ["rerun"]],
      ["cancelled", ["rerun"]],
    ];
    for (const [state, expected] of table)
      expect([state, verbs(sampleRun({ state }))]).toEqual([state, expected]);
  });

  it("offers the failed items by their number", () => {
    const run = sampleRun({ state: "failed", stages: [sampleStage({ failed: 12 })] });
    expect(runActions(run).map((action) => action.label)).toEqual(["Retry 12 failed items", "Run again"]);
  });

  it("says what a cancel stops and leaves", () => {
    const run = sampleRun({
      stages: [sampleStage({ pending: 40, in_flight: 3 })],
      figures: { done: 1200, total: 1243, failed: 0, percent: 90 },
    });
    expect(cancelEffect(run)).toBe(
      "Stops 3 attempts in flight and drops 37 items not yet started. 1\u202f200 done stay done. A cancelled run cannot be resumed.",
    );
  });

  it("previews a cancel of many", () => {
    const preview = bulkCancelPreview([
      sampleRun({ id: "a", stages: [sampleStage({ pending: 5, in_flight: 1 })] }),
      sampleRun({ id: "b", state: "completed" }),
    ]);
    expect(preview.ids).toEqual(["a"]);
    expect(preview.text).toBe(
      "Cancels 1 run: 1 attempt in flight stops, 4 items will not start. 1 run already over is left alone.",
    );
  });
});

describe("what can be done to a stage", () => {
  const fetched = sampleStage({ name: "fetch", title: "Fetch", state: "closed", done: 9, failed: 2 });
  const render = sampleStage({ name: "render", title: "Render", state: "closed", needs: ["fetch"] });
  const publish = sampleStage({ name: "publish", title: "Publish", state: "pending", for_each: "render" });
  const stages = [fetched, render, publish];
  const verbsOf = (state: RunState, stage = fetched) =>
    stageActions(sampleRun({ state, stages }), stage).map((action) => action.verb);

  it("is a retry where something failed, and going again only in a run that is over", () => {
    expect(verbsOf("running")).toEqual(["retry"]);
    expect(verbsOf("failed")).toEqual(["retry", "retry-from"]);
    expect(verbsOf("completed", render)).toEqual(["retry-from"]);
    expect(verbsOf("completed", publish)).toEqual([]);
  });

  it("says which stages are done again", () => {
    const [, again] = stageActions(sampleRun({ state: "failed", stages }), fetched);
    expect(again?.effect).toMatch(/^Fetch and all that follows \(Render, Publish\) is done again/);
  });
});
