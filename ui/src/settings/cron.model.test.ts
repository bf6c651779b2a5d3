import { describe, expect, it } from "vitest";
import { CRON_EXAMPLES, readCron } from "./cron.model";

describe("cron in words", () => {
  it.each([
    ["* * * * *", "Every minute"],
    ["*/15 * * * *", "Every 15 minutes"],
    ["0 * * * *", "Every hour"],
    ["5 * * * *", "Every hour at minute 5"],
    ["0 */6 * * *", "Every 6 hours at minute 0"],
    ["30 3 * * *", "Every day at 03:30"],
    ["0 8 * * MON-FRI", "Weekdays at 08:00"],
    ["0 4 * * 0,3", "Sundays, Wednesdays at 04:00"],
    ["0 4 * * 7", "Sundays at 04:00"],
    ["0 2 1 * *", "On day 1 of each month at 02:00"],
    ["0 2 1 JAN *", null],
    ["0 2 L * *", null],
    ["0 9 * * 1#2", null],
    ["0 0 3 * * *", "Every day at 03:00"],
    ["30 0 3 * * *", null],
  ])("%s reads %j", (cron, words) => {
    expect(readCron(cron)).toEqual({ ok: true, words });
  });

  it("has words for each example it offers", () => {
    for (const { cron } of CRON_EXAMPLES)
      expect(readCron(cron)).toMatchObject({ ok: true, words: expect.any(String) });
  });
});

describe("what is wrong", () => {
  it.each([
    ["", /five fields/],
    ["0 3 * *", /this has 4/],
    ["61 0 3 * * *", /Second/],
    ["60 * * * *", /Minute: “60” is not from 0 to 59/],
    ["0 24 * * *", /Hour/],
    ["0 0 0 * *", /Day of the month/],
    ["0 0 * FOO *", /Month/],
    ["0 0 * * 8", /Day of the week/],
    ["*/0 * * * *", /step “0”/],
    ["5-1 * * * *", /runs backwards/],
    ["1,, * * * *", /cannot be read/],
    ["1-2-3 * * * *", /cannot be read/],
  ])("%j says %s", (cron, error) => {
    const reading = readCron(cron);
    expect(reading.ok ? "" : reading.error).toMatch(error);
  });
});
