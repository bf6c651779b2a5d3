import { describe, expect, it } from "vitest";
import type { Event, JsonObject } from "../../../api";
import { filterLines, isLogged, lineMaker, toLine } from "./log.model";

const event = (kind: string, data: JsonObject = {}, change: Partial<Event> = {}): Event => ({
  run: "r",
  run_seq: 1,
  feed_seq: 1,
  at: 0,
  kind,
  stage: null,
  key: null,
  attempt: null,
  data,
  ...change,
});

describe("a line of the log", () => {
  it("says each fact in words, with its level", () => {
    const cases: [Event, string, string][] = [
      [event("log", { level: "warn", message: "low disk" }), "warn", "low disk"],
      [event("log", { level: "shout", message: "odd" }), "info", "odd"],
      [event("run.completed", { state: "completed_with_errors" }), "info", "Run completed with errors"],
      [
        event("run.cancelled", { by: "mira", reason: "wrong folder" }),
        "warn",
        "Run cancelled by mira: wrong folder",
      ],
      [event("task.failed", { error: { code: "x.y", message: "broken" } }), "error", "Failed: broken (x.y)"],
      [event("task.failed", { error: "odd" }), "error", "Failed: unknown cause"],
      [
        event("stage.closed", { counts: { done: 4, failed: 0, skipped: 1 } }),
        "info",
        "Stage closed: 4 done, 1 skipped",
      ],
      [event("app.other", { a: 1 }), "info", 'app.other {"a":1}'],
    ];
    for (const [fact, level, text] of cases)
      expect([toLine(fact).level, toLine(fact).text]).toEqual([level, text]);
  });

  it("shows terminal codes, controls and reordering marks for what they are", () => {
    const line = toLine(
      event("log", { level: "info", message: "\u001b[31mred\u001b[0m\u0007 \u202etxt.exe <b>x</b>" }),
    );
    expect(line.text).toBe("red␇ ⟨U+202E⟩txt.exe <b>x</b>");
  });

  it("leaves out the good end of each single item", () => {
    expect(
      ["task.done", "items.emitted", "app.milestone", "task.failed"].map((kind) => isLogged(event(kind))),
    ).toEqual([false, false, false, true]);
  });
});

describe("the filter", () => {
  const lines = lineMaker()([
    event("log", { level: "debug", message: "Alpha" }, { stage: "read" }),
    event("log", { level: "info", message: "beta" }, { stage: "read", key: "a.png" }),
    event("log", { level: "error", message: "alphabet" }, { stage: "reader" }),
  ]);

  it("goes by level, text and stage", () => {
    const texts = (filter: Parameters<typeof filterLines>[1]) =>
      filterLines(lines, filter).map((line) => line.text);
    expect(texts({ level: "debug", q: "", stage: "" })).toHaveLength(3);
    expect(texts({ level: "info", q: "ALPHA", stage: "" })).toEqual(["alphabet"]);
    expect(texts({ level: "debug", q: "", stage: "read" })).toEqual(["Alpha", "beta"]);
    expect(texts({ level: "debug", q: "a.png", stage: "" })).toEqual(["beta"]);
  });

  it("goes through 100,000 lines within 50 ms", () => {
    const many = Array.from({ length: 100_000 }, (_, i) =>
      event("log", { level: "info", message: `line ${i} of the log` }, { run_seq: i }),
    );
    const make = lineMaker();
    make(many);
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      expect(filterLines(make(many), { level: "info", q: "99999", stage: "" })).toHaveLength(1);
      return performance.now() - began;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
