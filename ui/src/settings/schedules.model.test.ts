import { describe, expect, it } from "vitest";
import {
  emptySchedule,
  isTimezone,
  parseScheduleDraft,
  readInput,
  scheduleBody,
  validateSchedule,
} from "./schedules.model";

const good = {
  ...emptySchedule("UTC"),
  name: "nightly",
  pipeline: "ingest",
  input: '{"directories":["/m"]}',
};

describe("a new schedule", () => {
  it("is checked field by field", () => {
    expect(validateSchedule(good)).toEqual({});
    expect(Object.keys(validateSchedule({ ...emptySchedule("Mars/Base"), cron: "x", input: "{" }))).toEqual([
      "name",
      "cron",
      "timezone",
      "pipeline",
      "input",
    ]);
  });

  it("is sent with its input as JSON and its cron tidied", () => {
    expect(scheduleBody({ ...good, name: " nightly ", cron: " 0  3 * * * " })).toMatchObject({
      name: "nightly",
      cron: "0 3 * * *",
      input: { directories: ["/m"] },
    });
  });

  it("takes only objects as input", () => {
    expect(readInput("")).toEqual({ ok: true, value: {} });
    expect(readInput("[]").ok).toBe(false);
    expect(readInput("nope")).toMatchObject({ ok: false, error: expect.stringMatching(/not JSON/) });
  });

  it("comes back as typed, or empty when it cannot be read", () => {
    expect(parseScheduleDraft(JSON.stringify({ ...good, cron: "half" }), emptySchedule("UTC"))).toEqual({
      ...good,
      cron: "half",
    });
    expect(parseScheduleDraft("{", good)).toBe(good);
    expect(parseScheduleDraft('{"enabled":"no"}', good)).toEqual(good);
  });
});

it.each([
  ["Europe/Berlin", true],
  ["UTC", true],
  ["Mars/Base", false],
  ["", false],
])("%j is a time zone: %s", (name, known) => {
  expect(isTimezone(name)).toBe(known);
});
