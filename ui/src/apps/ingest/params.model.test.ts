import { describe, expect, it } from "vitest";
import {
  addDirectory,
  defaultDraft,
  describeStart,
  draftFrom,
  mapServerFields,
  parseDraft,
  splitPatterns,
  toParams,
  validate,
} from "./params.model";

const filled = { ...defaultDraft(), directories: ["/media/a"] };

describe("validate", () => {
  it("accepts the defaults once a folder is chosen", () => {
    expect(validate(filled)).toEqual({});
    expect(validate(defaultDraft()).directories).toMatch(/at least one folder/);
  });

  it.each([
    ["", true],
    ["0", false],
    ["12", true],
    ["10,000", true],
    ["10 000", true],
    ["-1", false],
    ["1.5", false],
    ["many", false],
    ["99999999999999999999", false],
  ])("judges max files %j as %s", (maxFiles, ok) => {
    expect(validate({ ...filled, maxFiles }).maxFiles === undefined).toBe(ok);
  });

  it.each([
    ["*.png *.jpg", true],
    ["", false],
    ["/etc/*", false],
    ["../*.png", false],
    ["*.{png,jpg", false],
    ["[ab", false],
  ])("judges patterns %j as %s", (patterns, ok) => {
    expect(validate({ ...filled, patterns }).patterns === undefined).toBe(ok);
  });

  it("refuses folders with dots and thresholds outside 0…1", () => {
    expect(validate({ ...filled, directories: ["/media/../etc"] }).directories).toMatch(/\.\./);
    expect(validate({ ...filled, directories: ["/media/a..b"] }).directories).toBeUndefined();
    expect(validate({ ...filled, nsfwThreshold: Number.NaN }).nsfwThreshold).toBeDefined();
  });
});

describe("what is sent", () => {
  it("turns text into numbers and lists", () => {
    const params = toParams({ ...filled, maxFiles: " 1,500 ", patterns: "*.png,*.jpg\n*.png" });
    expect(params.max_files).toBe(1500);
    expect(params.patterns).toEqual(["*.png", "*.jpg"]);
    expect(toParams(filled).max_files).toBeNull();
  });

  it("round-trips through an earlier run's parameters", () => {
    expect(draftFrom(toParams(filled))).toEqual(filled);
  });

  it("splits patterns on spaces, commas and lines", () => {
    expect(splitPatterns(" *.png;*.gif\n\n*.png ")).toEqual(["*.png", "*.gif"]);
  });
});

describe("folders", () => {
  it("adds once, and says when a folder is already covered", () => {
    expect(addDirectory(filled, "/media/a/").refused).toMatch(/already chosen/);
    expect(addDirectory(filled, "/media/a/b").refused).toMatch(/covered by \/media\/a/);
    expect(addDirectory(filled, "/media/ab").draft.directories).toEqual(["/media/a", "/media/ab"]);
  });

  it("leaves what is being typed until it is added", () => {
    expect(addDirectory({ ...filled, folder: "/media/b" }, "/media/b").draft.folder).toBe("");
    expect(addDirectory({ ...filled, folder: "/media/a" }, "/media/a").draft.folder).toBe("/media/a");
  });

  it("replaces folders that a new one covers, when recursive", () => {
    expect(addDirectory(filled, "/media").draft.directories).toEqual(["/media"]);
    expect(addDirectory({ ...filled, recursive: false }, "/media").draft.directories).toEqual([
      "/media/a",
      "/media",
    ]);
  });
});

describe("the server's messages", () => {
  it("land on the fields they name, however the path is written", () => {
    const { errors, rest } = mapServerFields([
      { path: "directories/0", message: "is outside the media roots" },
      { path: "$.nsfw_threshold", message: "must be ≤ 1" },
      { path: "input.max_files", message: "must be positive" },
      { path: "colour", message: "unknown field" },
    ]);
    expect(errors).toEqual({
      directories: "is outside the media roots",
      nsfwThreshold: "must be ≤ 1",
      maxFiles: "must be positive",
    });
    expect(rest).toEqual(["colour: unknown field"]);
  });

  it("joins several messages on one field", () => {
    const { errors } = mapServerFields([
      { path: "directories[0]", message: "A." },
      { path: "directories[1]", message: "B." },
    ]);
    expect(errors.directories).toBe("A. B.");
  });
});

describe("the kept draft", () => {
  it("comes back as typed", () => {
    const typed = { ...filled, folder: "/med", maxFiles: "12x", autoCommit: true };
    expect(parseDraft(JSON.stringify(typed))).toEqual(typed);
  });

  it.each([null, "", "{", "7", '{"directories":[1],"recursive":"yes"}'])("falls back on %j", (text) => {
    expect(parseDraft(text)).toEqual(defaultDraft());
  });
});

it("says what starting will do", () => {
  expect(describeStart(defaultDraft())).toMatch(/Choose at least one/);
  expect(describeStart(filled)).toBe(
    "Reads 1 folder and everything below. Nothing goes into the library until you commit it.",
  );
  expect(describeStart({ ...filled, autoCommit: true, recursive: false })).toMatch(
    /^Reads 1 folder\. Files go into/,
  );
});
