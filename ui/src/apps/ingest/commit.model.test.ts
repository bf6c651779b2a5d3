import { expect, it } from "vitest";
import { commitFigures, rejectedRows } from "./commit.model";
import { sampleFile } from "./sample";

const stage = (state: string, total: number, done: number, failed: number) => ({
  counters: {},
  stages: [{ name: "commit", state, total, done, failed }],
});

it.each([
  [stage("pending", 0, 0, 0), 0],
  [stage("open", 10, 5, 1), 60],
  [stage("open", 10, 9, 1), 99.9],
  [stage("closed", 10, 9, 1), 100],
  [stage("closed", 0, 0, 0), 100],
  [{ counters: {}, stages: [] }, 0],
])("commit of %j stands at %d %%", (run, percent) => {
  expect(commitFigures(run).percent).toBeCloseTo(percent);
});

it("counts what went in, not what was passed over", () => {
  expect(commitFigures({ ...stage("closed", 10, 10, 0), counters: { committed: 7 } }).committed).toBe(7);
});

it("never shows more than the whole, even when a total lags behind", () => {
  const figures = commitFigures(stage("open", 3, 5, 1));
  expect(figures.total).toBe(6);
  expect(figures.doneShare + figures.failedShare).toBeLessThanOrEqual(1);
});

it("lists rejected files first, each with its last reason", () => {
  const problem = (message: string) => ({ stage: "commit", code: "path_taken", message, at: 1 });
  const rows = rejectedRows([
    sampleFile({ key: "f", state: "failed" }),
    sampleFile({ key: "r", state: "rejected", problems: [problem("first"), problem("last")] }),
  ]);
  expect(rows.map((r) => [r.key, r.reason])).toEqual([
    ["r", "last"],
    ["f", "No reason was given."],
  ]);
});
