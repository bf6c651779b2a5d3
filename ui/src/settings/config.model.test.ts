import { describe, expect, it } from "vitest";
import { configSections, searchConfig } from "./config.model";

const settings = {
  data: "/var/lib/headway",
  sse: { timeout_minutes: 10, update_interval_ms: 100 },
  outbox: { retry: { attempts: 5 }, tags: ["a", "b"] },
  auth: { key: "***", user: "", oidc: null },
  empty: {},
};

describe("the configuration", () => {
  it("is shown by section, with full names", () => {
    const sections = configSections(settings);
    expect(sections.map((s) => [s.name, s.lines.length])).toEqual([
      ["general", 1],
      ["sse", 2],
      ["outbox", 2],
      ["auth", 3],
    ]);
    expect(sections[2]?.lines).toEqual([
      {
        name: "outbox.retry.attempts",
        value: "5",
        masked: false,
      },
      { name: "outbox.tags", value: '["a","b"]', masked: false },
    ]);
  });

  it("never shows a secret, and tells empty from not set", () => {
    expect(configSections(settings)[3]?.lines.map((l) => [l.value, l.masked])).toEqual([
      ["set, not shown", true],
      ["empty", false],
      ["not set", false],
    ]);
  });

  it("is searched by name and value", () => {
    const sections = configSections(settings);
    const found = (text: string) => searchConfig(sections, text).flatMap((s) => s.lines.map((l) => l.name));
    expect(found("timeout")).toEqual(["sse.timeout_minutes"]);
    expect(found("/var/lib")).toEqual(["data"]);
    expect(found("nothing at all")).toEqual([]);
    expect(found("").length).toBe(8);
  });
});
