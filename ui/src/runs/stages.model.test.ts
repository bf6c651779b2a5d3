import { describe, expect, it } from "vitest";
import { sampleRun, sampleStage } from "./sample";
import { runParts, stageColumns, stageParts, stagePercent, stageTotal } from "./stages.model";

describe("a stage's bar", () => {
  it("shares its whole among what became of the items", () => {
    const stage = sampleStage({ total: 10, done: 4, failed: 1, skipped: 1, in_flight: 2, pending: 4 });
    expect(stageParts(stage).map(({ tone, share }) => [tone, share])).toEqual([
      ["done", 0.4],
      ["cancelled", 0.1],
      ["failed", 0.1],
      ["running", 0.2],
      ["waiting", 0],
    ]);
    expect(stagePercent(stage)).toBeCloseTo(60);
  });

  it("is never fuller than full, even while its total lags behind", () => {
    const stage = sampleStage({ total: 3, done: 5, pending: 2, in_flight: 1 });
    expect(stageTotal(stage)).toBe(7);
    expect(stageParts(stage).reduce((sum, part) => sum + part.share, 0)).toBeLessThanOrEqual(1);
  });

  it("says 100 % only when closed", () => {
    expect(stagePercent(sampleStage({ total: 2, done: 2 }))).toBe(99.9);
    expect(stagePercent(sampleStage({ total: 2, done: 2, state: "closed" }))).toBe(100);
    expect(stagePercent(sampleStage({ state: "closed" }))).toBe(100);
  });
});

describe("a run's bar", () => {
  it("shows what its percent says", () => {
    const run = sampleRun({ figures: { done: 50, failed: 10, total: 100, percent: 70 } });
    const shares = runParts(run).map((part) => part.share);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(0.7);
    expect(shares[1]).toBeCloseTo(0.1);
  });
});

describe("columns of stages", () => {
  it("put side by side what can go on side by side", () => {
    const stages = [
      sampleStage({ name: "discover" }),
      sampleStage({ name: "read", needs: ["discover"] }),
      sampleStage({ name: "enrich", needs: ["read"] }),
      sampleStage({ name: "classify", needs: ["read"] }),
      sampleStage({ name: "preview", needs: ["enrich", "classify"] }),
    ];
    expect(stageColumns(stages).map((column) => column.map((stage) => stage.name))).toEqual([
      ["discover"],
      ["read"],
      ["enrich", "classify"],
      ["preview"],
    ]);
  });

  it("end for stages that need one another or something unknown", () => {
    const stages = [
      sampleStage({ name: "a", needs: ["b", "gone"] }),
      sampleStage({ name: "b", needs: ["a"] }),
    ];
    expect(stageColumns(stages).flat()).toHaveLength(2);
  });
});
