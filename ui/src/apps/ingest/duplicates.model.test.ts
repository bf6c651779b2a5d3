import { describe, expect, it } from "vitest";
import { buildGroups, compareBest, planKeepBest, whyBest } from "./duplicates.model";
import { sampleFile } from "./sample";
import type { IngestFile } from "./types";

const quality = (overall: number) => ({ sharpness: 0, exposure: 0, contrast: 0, resolution: 0, overall });

function library(...files: IngestFile[]): Map<string, IngestFile> {
  return new Map(files.map((f) => [f.key, f]));
}

describe("the best of a group", () => {
  it("is the one people scored, then the sharper, larger, older", () => {
    const files = [
      sampleFile({ key: "old", created_at: 1 }),
      sampleFile({ key: "young", created_at: 2 }),
      sampleFile({ key: "large", size: 2000 }),
      sampleFile({ key: "wide", width: 4096 }),
      sampleFile({ key: "sharp", quality: quality(90) }),
      sampleFile({ key: "liked", favourite: true }),
      sampleFile({ key: "scored", score: 2 }),
    ];
    expect(files.sort(compareBest).map((f) => f.key)).toEqual([
      "scored",
      "liked",
      "sharp",
      "wide",
      "large",
      "old",
      "young",
    ]);
  });

  it("says why", () => {
    expect(whyBest([sampleFile({ score: 3 }), sampleFile()])).toBe("highest score");
    expect(whyBest([sampleFile({ quality: quality(80) }), sampleFile({ quality: quality(50) })])).toBe(
      "best quality",
    );
    expect(whyBest([sampleFile(), sampleFile({ key: "b" })])).toBe("same as the others");
  });
});

describe("keep best, exclude the others", () => {
  const files = library(
    sampleFile({ key: "a", score: 5, size: 10 }),
    sampleFile({ key: "b", size: 20 }),
    sampleFile({ key: "c", size: 40 }),
    sampleFile({ key: "failed", state: "failed" }),
  );

  it("excludes all but the best and counts the bytes", () => {
    const groups = buildGroups({ exact: [{ sha256: "x", keys: ["b", "a", "c"] }], near: [] }, files);
    expect(planKeepBest(groups)).toEqual({ groups: 1, keep: ["a"], exclude: ["c", "b"], bytes: 60 });
  });

  it("never leaves a group without a file, even when groups overlap", () => {
    const groups = buildGroups(
      {
        exact: [{ sha256: "x", keys: ["b", "c"] }],
        near: [{ group: 1, keys: ["c", "b", "a"], distance: 3 }],
      },
      files,
    );
    const plan = planKeepBest(groups);
    const gone = new Set(plan.exclude);
    for (const group of groups) expect(group.files.some((f) => !gone.has(f.key))).toBe(true);
  });

  it("leaves out files that failed or are not known, and groups of one", () => {
    expect(buildGroups({ exact: [{ sha256: "x", keys: ["a", "failed", "gone"] }], near: [] }, files)).toEqual(
      [],
    );
  });

  it("does nothing more to a group that is already settled", () => {
    const settled = library(sampleFile({ key: "a" }), sampleFile({ key: "b", excluded: true }));
    const groups = buildGroups({ exact: [{ sha256: "x", keys: ["a", "b"] }], near: [] }, settled);
    expect(planKeepBest(groups)).toEqual({ groups: 0, keep: [], exclude: [], bytes: 0 });
  });
});
