import { describe, expect, it } from "vitest";
import { sampleFile } from "./sample";
import { commitEffect, countExcluded, describeCommit, stepOf, stepsOf } from "./steps.model";

const plain = (n: number) => String(n);
const stats = {
  discovered: 10,
  skipped: 1,
  processed: 8,
  failed: 1,
  metadata: 0,
  keywords: 0,
  scores: 0,
  nsfw: 0,
  errors: 1,
};

describe("steps", () => {
  it("the URL decides, else the phase does", () => {
    expect(stepOf("preview", "processing")).toBe("preview");
    expect(stepOf(null, "processing")).toBe("process");
    expect(stepOf("nonsense", "preview")).toBe("preview");
    expect(stepOf(null, "committing")).toBe("commit");
    expect(stepOf(null, "done")).toBe("commit");
  });

  it("are done behind, current here and closed ahead", () => {
    const states = (phase: Parameters<typeof stepsOf>[0], run: string) =>
      stepsOf(phase, run).map((s) => s.state);
    expect(states("processing", "running")).toEqual(["done", "current", "open", "closed"]);
    expect(states("preview", "waiting")).toEqual(["done", "done", "current", "closed"]);
    expect(states("committing", "running")).toEqual(["done", "done", "done", "current"]);
    expect(states("done", "completed")).toEqual(["done", "done", "done", "done"]);
    expect(states("done", "failed")).toEqual(["done", "done", "done", "current"]);
  });
});

describe("commit", () => {
  it("says what it adds and what it leaves out", () => {
    expect(describeCommit(commitEffect(stats, 2), plain)).toBe(
      "Adds 6 files to the library. The files themselves are not changed. Left out: 2 excluded, 1 already in the library, 1 failed.",
    );
    expect(describeCommit(commitEffect({ ...stats, processed: 0 }, 0), plain)).toMatch(/nothing to commit/);
  });

  it("counts only processed files as excluded", () => {
    expect(
      countExcluded([
        sampleFile({ excluded: true }),
        sampleFile({ excluded: true, state: "failed" }),
        sampleFile({ excluded: false }),
      ]),
    ).toBe(1);
  });
});
