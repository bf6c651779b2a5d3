import { expect, it } from "vitest";
import { keywordCounts, selectionEffect } from "./preview.model";
import { sampleFile } from "./sample";

const words = (...keywords: string[]) => keywords.map((keyword) => ({ keyword, kind: "prompt", weight: 1 }));

it("suggests the most frequent keywords first", () => {
  const files = [sampleFile({ keywords: words("b", "a") }), sampleFile({ keywords: words("c", "a") })];
  expect(keywordCounts(files)).toEqual(["a", "b", "c"]);
});

it("counts what a bulk action would change", () => {
  const effect = selectionEffect([
    sampleFile({ key: "in" }),
    sampleFile({ key: "out", excluded: true }),
    sampleFile({ key: "failed", state: "failed" }),
    sampleFile({ key: "skipped", state: "skipped", excluded: true }),
  ]);
  expect(effect.toExclude.map((f) => f.key)).toEqual(["in"]);
  expect(effect.toInclude.map((f) => f.key)).toEqual(["out"]);
  expect(effect.fixed).toBe(2);
});
