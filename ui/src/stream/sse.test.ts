import { describe, expect, it } from "vitest";
import { SseParser } from "./sse";

const TEXT = `: ${" ".repeat(64)}\n\nretry: 1500\n\nid: a.1\nevent: hb\ndata: {"head":1}\n\nid: a.2\r\nevent: event\r\ndata: one\r\ndata: two\r\n\r\ndata: bare\n\n`;

describe("a server-sent event stream", () => {
  it("gives the same messages wherever it is cut", () => {
    const whole = new SseParser().push(TEXT);
    expect(whole).toEqual([
      { id: "a.1", event: "hb", data: '{"head":1}' },
      { id: "a.2", event: "event", data: "one\ntwo" },
      { id: null, event: "message", data: "bare" },
    ]);
    for (let cut = 0; cut <= TEXT.length; cut++) {
      const parser = new SseParser();
      expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))]).toEqual(whole);
    }
    const bytewise = new SseParser();
    expect([...TEXT].flatMap((char) => bytewise.push(char))).toEqual(whole);
  });

  it("keeps the server's retry and gives no half message", () => {
    const parser = new SseParser();
    expect(parser.push("retry: 700\nid: a.9\nevent: event\ndata: hal")).toEqual([]);
    expect(parser.retryMs).toBe(700);
  });

  it("ignores ids with NUL and fields it does not know", () => {
    expect(new SseParser().push("id: a\0b\nwhat: ever\ndata: x\n\n")).toEqual([
      { id: null, event: "message", data: "x" },
    ]);
  });
});
