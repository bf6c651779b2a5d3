import { expect, it } from "vitest";
import { parseAuditFilters, resultTone, writeAuditFilters } from "./audit.model";

it("keeps the audit filters in the URL and drops what nobody offers", () => {
  const filters = { who: "ann", action: "run.cancel", object: "", result: "denied" } as const;
  const url = writeAuditFilters(new URLSearchParams("x=1&object=old"), filters);
  expect(url.toString()).toBe("x=1&who=ann&action=run.cancel&result=denied");
  expect(parseAuditFilters(url)).toEqual(filters);
  expect(parseAuditFilters(new URLSearchParams("result=maybe")).result).toBe("");
});

it.each([
  ["ok 201", "done"],
  ["ok", "done"],
  ["denied 403", "warn"],
  ["failed", "failed"],
  ["error", "failed"],
])("result %s is %s", (result, tone) => {
  expect(resultTone(result)).toBe(tone);
});
