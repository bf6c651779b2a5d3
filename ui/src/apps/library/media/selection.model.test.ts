import { describe, expect, it } from "vitest";
import {
  columnsFor,
  markAll,
  markedInOrder,
  markTo,
  moveCursor,
  moveOfKey,
  NOTHING_MARKED,
  toggleMark,
} from "./selection.model";

const order = ["a", "b", "c", "d", "e"];

describe("marking", () => {
  it("toggles one and extends to another in either direction", () => {
    const one = toggleMark(NOTHING_MARKED, "d");
    expect([...markTo(one, "b", order).marked].sort()).toEqual(["b", "c", "d"]);
    expect(toggleMark(one, "d").marked.size).toBe(0);
  });

  it("extends without an anchor, or from one that has gone, by marking the one", () => {
    expect([...markTo(NOTHING_MARKED, "c", order).marked]).toEqual(["c"]);
    expect([...markTo({ marked: new Set(), anchor: "gone" }, "c", order).marked]).toEqual(["c"]);
  });

  it("acts only on what is in the list", () => {
    const all = markAll(order);
    expect(markedInOrder(all, ["e", "a", "z"])).toEqual(["e", "a"]);
    expect(markedInOrder(NOTHING_MARKED, order)).toEqual([]);
  });
});

describe("moving", () => {
  it.each([
    [0, "next", 1],
    [0, "previous", 0],
    [1, "down", 4],
    [3, "down", 4],
    [4, "up", 1],
    [2, "last", 4],
    [-1, "next", 0],
    [-1, "last", 4],
    [0, "page-down", 4],
  ] as const)("from %d %s leads to %d", (from, move, to) => {
    expect(moveCursor(from, move, 5, 3)).toBe(to);
  });

  it("has nowhere to go in an empty list", () => {
    expect(moveCursor(0, "next", 0, 3)).toBe(-1);
  });

  it("knows its keys", () => {
    expect([moveOfKey("j"), moveOfKey("ArrowUp"), moveOfKey("x")]).toEqual(["next", "up", null]);
  });
});

it.each([
  [0, 1],
  [150, 1],
  [310, 2],
  [1000, 6],
])("a width of %d px holds %d columns", (width, columns) => {
  expect(columnsFor(width, 150, 8)).toBe(columns);
});
