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
  it("the URL decides, else where the ingest stands", () => {
    expect(stepOf("preview", "process")).toBe("preview");
    expect(stepOf(null, "process")).toBe("process");
    expect(stepOf("nonsense", "preview")).toBe("preview");
    expect(stepOf(null, "commit")).toBe("commit");
  });

  it.each([
    ["process", "running", ["done", "current", "open", "closed"], "Reading files"],
    ["preview", "waiting", ["done", "done", "current", "closed"], "Waiting for you"],
    ["commit", "running", ["done", "done", "done", "current"], "Writing to the library"],
    ["commit", "completed", ["done", "done", "done", "done"], "In the library"],
    ["commit", "failed", ["done", "done", "done", "current"], "Failed"],
    ["process", "cancelled", ["done", "current", "open", "closed"], "Cancelled"],
  ] as const)("at %s of a run that is %s are %j", (reached, state, states, note) => {
    const steps = stepsOf(reached, state);
    expect(steps.map((s) => s.state)).toEqual(states);
    expect(steps.find((s) => s.step === reached)?.note).toBe(note);
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
