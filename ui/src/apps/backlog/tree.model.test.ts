import { describe, expect, it } from "vitest";
import { sampleRun } from "../../runs/sample";
import { sampleItem, sampleItems } from "./sample";
import {
  countIncluded,
  moveBy,
  type Opened,
  parseTreeFilter,
  pathTo,
  rowsOf,
  type TreeFilter,
  treeOf,
  writtenBy,
  writtenItems,
} from "./tree.model";

const NONE: Opened = new Map();
const filter = (query = ""): TreeFilter => parseTreeFilter(new URLSearchParams(query));
const keys = (opened: Opened, query = "", items = sampleItems()) =>
  rowsOf(treeOf(items), opened, filter(query)).map((row) => row.item.key);

describe("the lines in sight", () => {
  it("are open above the stories at first, and as somebody opened them then", () => {
    expect(keys(NONE)).toEqual(["e1", "e1/f1", "e1/f1/s1", "e1/f2", "e2"]);
    expect(keys(new Map([["e1/f1/s1", true]]))).toContain("e1/f1/s1/t1");
    expect(keys(new Map([["e1", false]]))).toEqual(["e1", "e2"]);
  });

  it("know their depth, place and siblings, and that only what has children opens", () => {
    const rows = rowsOf(treeOf(sampleItems()), NONE, filter());
    expect(
      rows.map(({ depth, place, siblings, expandable }) => [depth, place, siblings, expandable]),
    ).toEqual([
      [0, 1, 2, true],
      [1, 1, 2, true],
      [2, 1, 1, true],
      [1, 2, 2, false],
      [0, 2, 2, false],
    ]);
  });

  it("with filters are what passes and what is above it, faint", () => {
    const rows = rowsOf(treeOf(sampleItems()), NONE, filter("flagged=1"));
    expect(rows.map((row) => [row.item.key, row.faint])).toEqual([
      ["e1", true],
      ["e1/f1", true],
      ["e1/f1/s1", true],
      ["e1/f1/s1/t1", false],
    ]);
    expect(keys(NONE, "kind=feature&q=F2")).toEqual(["e1", "e1/f2"]);
    expect(keys(NONE, "delivery=dead")).toEqual([]);
    expect(keys(NONE, "kind=nonsense")).toHaveLength(5);
  });

  it("stay in sight where a parent is not there yet", () => {
    expect(keys(NONE, "", [sampleItem("e9/f1", "feature")])).toEqual(["e9/f1"]);
  });

  it("are outside where something above them is excluded", () => {
    const items = sampleItems().map((item) => (item.key === "e1/f1" ? { ...item, excluded: true } : item));
    const outside = rowsOf(treeOf(items), NONE, filter()).filter((row) => row.outside);
    expect(outside.map((row) => row.item.key)).toEqual(["e1/f1", "e1/f1/s1"]);
    expect(countIncluded(treeOf(items))).toBe(3);
    expect(countIncluded(treeOf(sampleItems()))).toBe(7);
  });
});

describe("the keyboard", () => {
  const rows = rowsOf(treeOf(sampleItems()), NONE, filter());

  it("walks the lines and stops at the ends", () => {
    expect(moveBy("ArrowDown", rows, null)).toEqual({ current: "e1" });
    expect(moveBy("ArrowDown", rows, "e1")).toEqual({ current: "e1/f1" });
    expect(moveBy("ArrowUp", rows, "e1")).toEqual({ current: "e1" });
    expect(moveBy("End", rows, "e1")).toEqual({ current: "e2" });
    expect(moveBy("Home", rows, "e2")).toEqual({ current: "e1" });
    expect(moveBy("Tab", rows, "e1")).toBeNull();
  });

  it("opens and closes, goes in and out", () => {
    expect(moveBy("ArrowRight", rows, "e1/f1/s1")).toEqual({ open: { key: "e1/f1/s1", open: true } });
    expect(moveBy("ArrowRight", rows, "e1")).toEqual({ current: "e1/f1" });
    expect(moveBy("ArrowRight", rows, "e2")).toEqual({});
    expect(moveBy("ArrowLeft", rows, "e1")).toEqual({ open: { key: "e1", open: false } });
    expect(moveBy("ArrowLeft", rows, "e1/f2")).toEqual({ current: "e1" });
  });
});

it("a path leads from the root", () => {
  const tree = treeOf(sampleItems());
  const task = tree.byKey.get("e1/f1/s1/t1");
  expect(task && pathTo(tree, task).map((item) => item.key)).toEqual(["e1", "e1/f1", "e1/f1/s1"]);
});

it("written items are what the run has counted", () => {
  const run = sampleRun({ counters: { epics: 2, test_cases: 5, cost_micro_usd: 900 } });
  expect(writtenItems(run)).toBe(7);
  expect([writtenBy(run, "test_cases"), writtenBy(run, "tasks"), writtenBy(run, "stage")]).toEqual([
    5,
    0,
    null,
  ]);
});
