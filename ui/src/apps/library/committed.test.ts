import { expect, it } from "vitest";
import { committedBy } from "./committed";

it.each([
  ["app.committed", { count: 3 }, 3],
  ["app.committed", { committed: 2 }, 2],
  ["app.committed", {}, 1],
  ["app.error", { count: 3 }, 0],
])("%s with %j adds %d", (kind, data, added) => {
  expect(committedBy({ kind, data })).toBe(added);
});
