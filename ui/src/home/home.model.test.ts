import { describe, expect, it } from "vitest";
import { sampleRun, sampleStage } from "../runs/sample";
import { headline, picture, STILL_MS } from "./home.model";

const NOW = 1_000_000_000;

describe("what home shows", () => {
  const runs = [
    sampleRun({ id: "a", state: "running", created_at: NOW - 10 }),
    sampleRun({ id: "b", state: "running", created_at: NOW - 9, stages: [sampleStage({ in_flight: 2 })] }),
    sampleRun({ id: "c", state: "waiting" }),
    sampleRun({ id: "d", state: "paused" }),
    sampleRun({ id: "e", state: "failed", ended_at: NOW - 5 }),
    sampleRun({ id: "f", state: "failed", ended_at: 1 }),
    sampleRun({ id: "g", state: "completed", ended_at: NOW - 1 }),
  ];
  const shown = picture(runs, new Map([["b", NOW - STILL_MS - 1]]), NOW);

  it("sorts runs by what they need", () => {
    expect(shown.moving.map((run) => run.id)).toEqual(["b", "a"]);
    expect(shown.waiting.map((run) => run.id)).toEqual(["c"]);
    expect(shown.stuck.map(({ run, why }) => [run.id, why])).toEqual([
      ["b", "No item finished for more than a minute."],
      ["d", "Paused; nothing starts until it is resumed."],
      ["e", "It failed."],
    ]);
    expect(shown.ended.map((run) => run.id)).toEqual(["g", "e", "f"]);
  });

  it("says it in one sentence", () => {
    expect(headline(shown, 1)).toBe(
      "2 runs are moving, 1 waits for you, 3 stand still or failed, 1 worker is lost.",
    );
    expect(headline(picture([], new Map(), NOW), 0)).toBe("All is quiet.");
  });
});
