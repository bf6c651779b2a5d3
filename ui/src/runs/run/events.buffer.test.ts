import { describe, expect, it } from "vitest";
import type { Event } from "../../api";
import { EventBuffer } from "./events.buffer";

const event = (run_seq: number): Event => ({
  run: "r",
  run_seq,
  feed_seq: run_seq,
  at: 0,
  kind: "log",
  stage: null,
  key: null,
  attempt: null,
  data: {},
});
const seqs = (buffer: EventBuffer) => buffer.events.map((each) => each.run_seq);

describe("the buffer of facts", () => {
  it("puts older pages before and new facts after, each once", () => {
    const buffer = new EventBuffer();
    buffer.append([event(10)]);
    buffer.prepend([event(10), event(9), event(8)]);
    expect(buffer.prepended).toBe(2);
    buffer.append([event(9), event(10), event(11), event(12)]);
    buffer.prepend([event(7)]);
    expect(seqs(buffer)).toEqual([7, 8, 9, 10, 11, 12]);
  });

  it("puts a late fact to its place", () => {
    const buffer = new EventBuffer();
    buffer.append([event(3), event(6)]);
    buffer.append([event(5)]);
    expect(seqs(buffer)).toEqual([3, 5, 6]);
  });
});
