import { describe, expect, it } from "vitest";
import type { Timeline } from "../../../api";
import { extent, layOut, MAX_LANES, pan, parseSpan, spanParam, ticks, zoom } from "./timeline.model";

const attempt = (started_at: number, ended_at: number | null, key = "k"): Timeline["attempts"][number] => ({
  stage: "read",
  key,
  attempt: 1,
  started_at,
  ended_at,
  outcome: ended_at === null ? null : "done",
});
const timeline = (...attempts: Timeline["attempts"]): Timeline => ({
  stages: [{ name: "read", opened_at: 0, closed_at: null }],
  attempts,
  truncated: false,
});

describe("lanes", () => {
  it("hold attempts one after another, and beside one another where they overlap", () => {
    const [row] = layOut(timeline(attempt(0, 10), attempt(10, 20), attempt(5, 15), attempt(21, null)), 30);
    expect(row?.placed.map(({ from, to, lane }) => [from, to, lane])).toEqual([
      [0, 10, 0],
      [5, 15, 1],
      [10, 20, 0],
      [21, 30, 0],
    ]);
    expect([row?.lanes, row?.to]).toEqual([2, 30]);
  });

  it("are bounded", () => {
    const [row] = layOut(timeline(...Array.from({ length: 50 }, (_, i) => attempt(i, 1000))), 1000);
    expect(row?.lanes).toBe(MAX_LANES);
    expect(Math.max(...(row?.placed.map((placed) => placed.lane) ?? []))).toBe(MAX_LANES - 1);
  });
});

describe("what is seen", () => {
  const whole = { from: 1000, to: 11_000 };

  it("spans all that happened", () => {
    expect(extent(layOut(timeline(attempt(50, 5000)), 6000), 20, 6000)).toEqual({ from: 0, to: 6000 });
    expect(extent([], 100, 100)).toEqual({ from: 100, to: 1100 });
  });

  it("zooms about a point and stays within the whole", () => {
    const close = zoom(whole, whole, 0.5, 0.5);
    expect(close).toEqual({ from: 3500, to: 8500 });
    expect(zoom(close, whole, 0.5, 0)).toEqual({ from: 3500, to: 6000 });
    expect(zoom(close, whole, 100, 0.5)).toEqual(whole);
    expect(pan(close, whole, 5)).toEqual({ from: 6000, to: 11_000 });
  });

  it("lives in the URL", () => {
    const close = { from: 3500, to: 8500 };
    expect(spanParam(close, whole, 1000)).toBe("2500-7500");
    expect(parseSpan("2500-7500", whole, 1000)).toEqual(close);
    expect(spanParam(whole, whole, 1000)).toBeNull();
    for (const odd of ["", "x", "9-1", "99999999-999999999", "-5-9"])
      expect(parseSpan(odd, whole, 1000)).toEqual(whole);
  });

  it("has round marks, not too many", () => {
    expect(ticks({ from: 1000, to: 61_000 }, 1000, 6)).toEqual([
      0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000,
    ]);
    expect(ticks({ from: 0, to: 400 * 86_400_000 }, 0, 8).length).toBeLessThanOrEqual(9);
  });
});
