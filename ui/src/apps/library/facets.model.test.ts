import { describe, expect, it } from "vitest";
import { facetGroups } from "./facets.model";
import { type LibraryFilters, NO_LIBRARY_FILTERS } from "./library.filters.model";

const facets = {
  keywords: [
    { keyword: "fox", kind: "prompt", count: 7 },
    { keyword: "fox", kind: "caption", count: 2 },
    { keyword: "snow", kind: "prompt", count: 3 },
  ],
  models: [{ model: "sdxl", count: 4 }],
  scores: { "-1": 1, "0": 10, "4": 2, "5": 3 },
  nsfw: { safe: 12, unknown: 4 },
  kinds: { image: 16 },
};

function group(id: string, filters: Partial<LibraryFilters> = {}) {
  const found = facetGroups(facets, { ...NO_LIBRARY_FILTERS, ...filters }).find((g) => g.id === id);
  return found?.choices ?? [];
}

describe("facets", () => {
  it("count scores from each one up", () => {
    expect(group("score").map((c) => c.count)).toEqual([3, 5, 5, 5, 5, null]);
  });

  it("show a word of several kinds once", () => {
    expect(group("keyword").map((c) => [c.label, c.count])).toEqual([
      ["fox", 7],
      ["snow", 3],
    ]);
  });

  it("lead to the filter, and back when pressed again", () => {
    const [fox] = group("keyword");
    expect(fox?.next.keywords).toEqual(["fox"]);
    const [chosen] = group("keyword", { keywords: ["fox"] });
    expect([chosen?.chosen, chosen?.next.keywords]).toEqual([true, []]);
    expect(group("nsfw", { nsfw: "nsfw" })[1]).toMatchObject({ chosen: true, count: 0, next: { nsfw: "" } });
  });

  it("keep showing what is chosen although no file is left", () => {
    expect(group("model", { model: "gone" })[0]).toMatchObject({ label: "gone", chosen: true });
    expect(group("keyword", { keywords: ["gone"] })[0]).toMatchObject({
      label: "gone",
      chosen: true,
      count: 0,
    });
  });
});
