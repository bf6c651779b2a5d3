import { describe, expect, it } from "vitest";
import type { Limit } from "../api";
import { limitTitle, pinProblem, stepPath, steps } from "./limits.model";

const limit = (change: Partial<Limit>): Limit => ({
  class: "io:ingest.discover",
  limit: 4,
  in_use: 0,
  pinned: false,
  reason: "",
  changed_at: 100,
  throughput_per_s: 0,
  p50_ms: null,
  history: [],
  ...change,
});

describe("a limit's history", () => {
  it("is drawn as steps from before the first change until now", () => {
    const points = steps(
      limit({
        limit: 6,
        history: [
          { at: 300, from: 8, to: 6, reason: "" },
          { at: 200, from: 4, to: 8, reason: "" },
        ],
      }),
      400,
    );
    expect(points.map(({ at, value }) => [at, value])).toEqual([
      [200, 4],
      [200, 8],
      [300, 6],
      [400, 6],
    ]);
    expect(stepPath(points, 100, 80)).toBe("M0.0 40.0H0.0V0.0H50.0V20.0H100.0V20.0");
  });

  it("is a line where nothing changed", () => {
    expect(stepPath(steps(limit({}), 200), 100, 10)).toBe("M0.0 0.0H100.0V0.0");
  });
});

it("a pin is a whole number within bounds", () => {
  expect(["1", "1024", "0", "1025", "2.5", "", "x"].map(pinProblem)).toEqual([
    null,
    null,
    "Between 1 and 1,024.",
    "Between 1 and 1,024.",
    "A whole number.",
    "A whole number.",
    "A whole number.",
  ]);
  expect(limitTitle("io:ingest.discover")).toBe("Input and output: ingest.discover");
  expect(limitTitle("bucket:api.example.com")).toBe("api.example.com");
});
