import { describe, expect, it } from "vitest";
import {
  emptySchedule,
  isScheduleDraft,
  isTimezone,
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

  it("knows a kept draft from anything else", () => {
    expect(isScheduleDraft({ ...good, cron: "half" })).toBe(true);
    for (const odd of [null, 7, [], { ...good, enabled: "no" }, { name: "x" }]) {
      expect(isScheduleDraft(odd)).toBe(false);
    }
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
