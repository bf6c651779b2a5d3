import { describe, expect, it } from "vitest";
import { applyRating, bulkEffect, describeRating, ratingBody, ratingOfKey } from "./rating.model";

describe("keys", () => {
  it.each([
    ["0", { score: 0 }],
    ["5", { score: 5 }],
    ["x", { score: -1 }],
    ["f", { favourite: true }],
  ])("%s sends %j", (key, body) => {
    const rating = ratingOfKey(key, false);
    expect(rating && ratingBody(rating)).toEqual(body);
  });

  it.each(["6", "-", "j", "Enter", "10"])("%s is no rating", (key) => {
    expect(ratingOfKey(key, false)).toBeNull();
  });

  it("f takes a favourite back", () => {
    expect(ratingOfKey("f", true)).toEqual({ kind: "favourite", favourite: false });
  });
});

describe("bulk", () => {
  const files = [
    { score: 0, favourite: false },
    { score: 3, favourite: true },
    { score: 4, favourite: false },
  ];

  it("counts what changes and what is overwritten before it is sent", () => {
    expect(bulkEffect(files, { kind: "score", score: 4 })).toEqual({
      changed: 2,
      unchanged: 1,
      overwrites: 1,
    });
    expect(bulkEffect(files, { kind: "favourite", favourite: true })).toEqual({
      changed: 2,
      unchanged: 1,
      overwrites: 0,
    });
  });

  it("keeps the file itself when nothing changes", () => {
    const [first] = files;
    expect(first && applyRating(first, { kind: "score", score: 0 })).toBe(first);
  });

  it("says what it does", () => {
    expect(describeRating({ kind: "score", score: 4 }, "12 files")).toBe("Rate 12 files 4 of 5");
    expect(describeRating({ kind: "score", score: -1 }, "1 file")).toBe("Reject 1 file");
    expect(describeRating({ kind: "score", score: 0 }, "1 file")).toBe("Clear the score of 1 file");
    expect(describeRating({ kind: "favourite", favourite: false }, "2 files")).toMatch(/^Take 2 files/);
  });
});
