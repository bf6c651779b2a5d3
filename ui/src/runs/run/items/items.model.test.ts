import { expect, it } from "vitest";
import { itemName, itemParam, parseItemParam } from "./items.model";

it("an item's address keeps any key", () => {
  for (const key of ["/media/a b/ü.png", "x/y", "", "a%2Fb", "‮"]) {
    expect(parseItemParam(itemParam("read", key))).toEqual({ stage: "read", key });
  }
  expect(parseItemParam("")).toBeNull();
  expect(parseItemParam("/a")).toBeNull();
});

it("names the task of a stage that works on no item", () => {
  expect(itemName("")).toBe("whole stage");
  expect(itemName("a/b.png")).toBe("a/b.png");
});
