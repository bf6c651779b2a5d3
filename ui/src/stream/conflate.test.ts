import { describe, expect, it } from "vitest";
import type { Event, Progress } from "../api/wire";
import { conflate } from "./conflate";
import type { Frame } from "./protocol";

const figures = (run: string, from: number, to: number): Frame => ({
  kind: "progress",
  source: "stream",
  progress: { run, from, to } as Progress,
});
const fact = (run_seq: number): Frame => ({ kind: "event", event: { run: "a", run_seq } as Event });
const shape = (frames: readonly Frame[]) =>
  frames.map((frame) =>
    frame.kind === "progress"
      ? `${frame.progress.run} ${frame.progress.from}-${frame.progress.to}`
      : frame.kind === "event"
        ? `#${frame.event.run_seq}`
        : frame.kind,
  );

describe("joining figures", () => {
  it("keeps the last of each run with the range of all, and every fact", () => {
    // A hole of one number, the fact between, keeps both: the reducer joins them.
    const frames = [figures("a", 1, 4), fact(5), figures("b", 1, 9), figures("a", 6, 8), figures("a", 9, 10)];
    expect(shape(conflate(frames))).toEqual(["a 1-4", "#5", "b 1-9", "a 6-10"]);
    expect(shape(conflate([figures("a", 1, 4), figures("a", 5, 8), fact(9), figures("a", 8, 9)]))).toEqual([
      "#9",
      "a 1-9",
    ]);
  });

  it("hides no hole", () => {
    expect(shape(conflate([figures("a", 1, 4), figures("a", 7, 8)]))).toEqual(["a 1-4", "a 7-8"]);
  });

  it("does not move figures past a snapshot", () => {
    const snapshot: Frame = { kind: "snapshot", runs: [], limits: null };
    expect(shape(conflate([figures("a", 1, 4), snapshot, figures("a", 5, 6)]))).toEqual([
      "a 1-4",
      "snapshot",
      "a 5-6",
    ]);
  });
});
