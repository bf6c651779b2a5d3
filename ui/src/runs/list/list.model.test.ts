import { describe, expect, it } from "vitest";
import { sampleRun } from "../sample";
import { matches, nextSort, parseListState, sortParam, sortRuns } from "./list.model";

const state = (query: string) => parseListState(new URLSearchParams(query));

describe("the list's URL", () => {
  it("is read and written alike, and unknown words fall out", () => {
    expect(state("state=failed,nonsense,waiting&app=ingest&q=x&sort=-progress")).toEqual({
      states: ["failed", "waiting"],
      app: "ingest",
      q: "x",
      sort: "progress",
      descending: true,
    });
    expect(state("sort=constructor")).toMatchObject({ sort: "created" });
    expect(state("")).toMatchObject({ sort: "created", descending: true });
    expect(sortParam("created", true)).toBeNull();
    expect(sortParam("title", false)).toBe("title");
  });

  it("turns a column round, or starts its natural way", () => {
    expect(nextSort(state(""), "title")).toEqual({ key: "title", descending: false });
    expect(nextSort(state("sort=title"), "title")).toEqual({ key: "title", descending: true });
  });
});

describe("the list", () => {
  it("filters by state, application and text", () => {
    const run = sampleRun({ id: "038abc", title: "Camera roll", state: "failed", app: "ingest" });
    expect(matches(run, state("state=failed&q=CAMERA"))).toBe(true);
    expect(matches(run, state("q=038a"))).toBe(true);
    expect(matches(run, state("app=pipeline"))).toBe(false);
    expect(matches(run, state("state=running"))).toBe(false);
  });

  it("filters and sorts 10,000 runs within 50 ms", () => {
    const runs = Array.from({ length: 10_000 }, (_, i) =>
      sampleRun({ id: String(i), title: `Run ${(i * 7919) % 10_000}`, created_at: i }),
    );
    const asked = state("q=run&sort=title");
    // The best of several: other work on the machine must not fail the build.
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      const sorted = sortRuns(
        runs.filter((run) => matches(run, asked)),
        asked,
      );
      expect(sorted[0]?.title).toBe("Run 0");
      return performance.now() - began;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
