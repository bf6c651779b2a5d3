import { describe, expect, it } from "vitest";
import { fastest } from "../library/media/fastest";
import {
  applyFilters,
  countActive,
  type FileFilters,
  filesQuery,
  indexFiles,
  NO_FILTERS,
  parseFilters,
  sortIndex,
  writeFilters,
} from "./files.filters.model";
import { sampleFile } from "./sample";

const busy: FileFilters = {
  q: "red fox",
  states: ["processed", "rejected"],
  keyword: "forest",
  nsfw: "unknown",
  minScore: -1,
  excluded: "hide",
  duplicates: "near",
  sort: "quality",
};

describe("the URL", () => {
  it("holds every filter and gives it back", () => {
    expect(parseFilters(writeFilters(new URLSearchParams(), busy))).toEqual(busy);
    expect(parseFilters(new URLSearchParams())).toEqual(NO_FILTERS);
  });

  it("stays clean when nothing is filtered, and keeps what is not a filter", () => {
    const url = writeFilters(new URLSearchParams("step=preview&file=a&q=x"), NO_FILTERS);
    expect(url.toString()).toBe("step=preview&file=a");
  });

  it("drops values that nobody offers", () => {
    const odd = new URLSearchParams(
      "state=processed,exploded&nsfw=maybe&min_score=99&sort=random&dup=yes&excluded=1",
    );
    expect(parseFilters(odd)).toEqual({ ...NO_FILTERS, states: ["processed"] });
  });
});

it("asks the server for what it knows", () => {
  expect(filesQuery(busy).toString()).toBe(
    "q=red+fox&state=processed%2Crejected&keyword=forest&nsfw=unknown&min_score=-1&excluded=false&sort=quality",
  );
  expect(filesQuery(NO_FILTERS).toString()).toBe("sort=name");
});

it("counts the filters in force", () => {
  expect(countActive(NO_FILTERS)).toBe(0);
  expect(countActive(busy)).toBe(7);
});

describe("files already here", () => {
  const files = [
    sampleFile({ key: "b.png", score: 3, keywords: [{ keyword: "Forest", kind: "prompt", weight: 1 }] }),
    sampleFile({ key: "a.png", generation: { prompt: "a red FOX" }, duplicate_of: "b.png" }),
    sampleFile({
      key: "c.png",
      state: "failed",
      nsfw: { state: "unknown", score: null, reason: "no model" },
    }),
    sampleFile({ key: "d.png", excluded: true, near_group: 4, score: -1 }),
  ];
  const index = indexFiles(files);
  const keys = (over: Partial<FileFilters>) => {
    const filters = { ...NO_FILTERS, ...over };
    return applyFilters(sortIndex(index, filters.sort), filters).map((f) => f.key);
  };

  it.each<[Partial<FileFilters>, string[]]>([
    [{}, ["a.png", "b.png", "c.png", "d.png"]],
    [{ q: "fox red" }, ["a.png"]],
    [{ q: "forest" }, ["b.png"]],
    [{ keyword: "forest" }, ["b.png"]],
    [{ states: ["failed"] }, ["c.png"]],
    [{ nsfw: "unknown" }, ["c.png"]],
    [{ minScore: 1 }, ["b.png"]],
    [{ excluded: "only" }, ["d.png"]],
    [{ excluded: "hide", states: ["processed"] }, ["a.png", "b.png"]],
    [{ duplicates: "exact" }, ["a.png"]],
    [{ duplicates: "any" }, ["a.png", "d.png"]],
    [{ sort: "score" }, ["b.png", "a.png", "c.png", "d.png"]],
  ])("pass %j", (over, expected) => {
    expect(keys(over)).toEqual(expected);
  });

  it("10,000 of them are filtered in less than 50 ms", () => {
    const many = Array.from({ length: 10_000 }, (_, i) =>
      sampleFile({
        key: `${(i * 7919) % 10_000}.png`,
        score: i % 6,
        generation: { prompt: `portrait of number ${i} in a forest at dusk, detailed, volumetric light` },
        keywords: Array.from({ length: 12 }, (_, k) => ({
          keyword: `word${(i + k) % 50}`,
          kind: "prompt",
          weight: 1,
        })),
      }),
    );
    const large = sortIndex(indexFiles(many), "score");
    const filters: FileFilters = { ...NO_FILTERS, q: "forest 9", minScore: 2, sort: "score" };
    expect(applyFilters(large, filters).length).toBeGreaterThan(1000);
    expect(fastest(() => applyFilters(large, filters))).toBeLessThan(50);
  });
});
