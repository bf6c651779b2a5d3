import { describe, expect, it } from "vitest";
import { reconnectDelay } from "./backoff";
import { Hub } from "./hub";
import type { Frame, FromHub } from "./protocol";

/** A world whose clock, network and timers are in the test's hand. */
class FakeWorld {
  time = 1_000_000;
  online = true;
  frames: Frame[] = [];
  states: string[] = [];
  requests: FakeRequest[] = [];
  /** What plain (non-stream) requests are answered with. */
  answer: (url: string) => Response = () => new Response("{}", { status: 500 });
  #timers: { id: number; at: number; act: () => void }[] = [];
  #nextTimer = 1;
  hub = new Hub({
    fetch: (input, init) => this.#fetch(String(input), init ?? {}),
    now: () => this.time,
    random: () => 0.5,
    isOnline: () => this.online,
    setTimeout: (act, ms) => {
      this.#timers.push({ id: this.#nextTimer, at: this.time + ms, act });
      return this.#nextTimer++;
    },
    clearTimeout: (timer) => {
      this.#timers = this.#timers.filter(({ id }) => id !== timer);
    },
    emit: (message) => this.#emit(message),
  });

  #emit(message: FromHub) {
    if (message.type === "frames") this.frames.push(...message.frames);
    else if (this.states.at(-1) !== message.connection.state) this.states.push(message.connection.state);
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    if (!url.startsWith("/api/v1/stream?")) return Promise.resolve(this.answer(url));
    const request = new FakeRequest(url, init);
    this.requests.push(request);
    return request.response;
  }

  /** Lets time pass, timer by timer, with everything that follows from each. */
  async pass(ms: number) {
    const until = this.time + ms;
    await settle();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter(({ id }) => id !== next.id);
      this.time = Math.max(this.time, next.at);
      next.act();
      await settle();
    }
    this.time = until;
    await settle();
  }

  /** Lets time pass until the stream is asked for again. */
  async nextRequest() {
    const before = this.requests.length;
    for (let i = 0; i < 35 && this.requests.length === before; i++) await this.pass(1_000);
    if (this.requests.length === before) throw new Error("the stream was not asked for within 35 s");
  }

  get last(): FakeRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error("no stream was asked for");
    return request;
  }

  follow(...runs: string[]) {
    this.hub.receive({ type: "subscribe", client: "page", subscription: { runs, channels: ["runs"] } });
  }
}

class FakeRequest {
  readonly query: URLSearchParams;
  readonly response: Promise<Response>;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #resolve: (response: Response) => void = () => {};
  aborted = false;

  constructor(url: string, init: RequestInit) {
    this.query = new URLSearchParams(url.slice(url.indexOf("?")));
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      init.signal?.addEventListener("abort", () => {
        this.aborted = true;
        reject(new DOMException("aborted", "AbortError"));
      });
    });
  }

  async refuse(status: number, headers: Record<string, string> = {}, body = "no") {
    this.#resolve(new Response(status === 204 ? null : body, { status, headers }));
    await settle();
  }

  async send(text: string) {
    if (!this.#controller) {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.#controller = controller;
        },
      });
      this.#resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    }
    this.#controller?.enqueue(new TextEncoder().encode(text));
    await settle();
  }

  async cut() {
    this.#controller?.close();
    await settle();
  }
}

/** All promises that can go on do so; macrotasks, because streams need several turns. */
async function settle() {
  for (let i = 0; i < 5; i++) await new Promise<void>((done) => setTimeout(done, 0));
}

const message = (event: string, data: object, id: string | null = null) =>
  `${id === null ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const hb = (seq: number) => message("hb", { head: seq, now: 0 }, `e1.${seq}`);
const fact = (seq: number) =>
  message("event", { run: "r", run_seq: seq, feed_seq: seq, at: 0, kind: "log", data: {} }, `e1.${seq}`);

async function opened() {
  const world = new FakeWorld();
  world.follow("r");
  await world.pass(50);
  await world.last.send(hb(5));
  return world;
}

describe("the one stream", () => {
  it("asks once for all pages, and again with its cursor when they follow more", async () => {
    const world = await opened();
    expect(world.states).toEqual(["reconnecting", "live"]);
    world.hub.receive({
      type: "subscribe",
      client: "other",
      subscription: { runs: ["r"], channels: ["limits"] },
    });
    await world.pass(50);
    expect(world.requests).toHaveLength(2);
    expect(world.requests[0]?.aborted).toBe(true);
    expect(Object.fromEntries(world.last.query)).toEqual({
      runs: "r",
      channels: "limits,runs",
      cursor: "e1.5",
    });
    expect(world.states).toEqual(["reconnecting", "live"]);
    world.hub.receive({ type: "leave", client: "other" });
    world.hub.receive({ type: "leave", client: "page" });
    await world.pass(50);
    expect(world.last.aborted).toBe(true);
  });

  it("gives the facts on in their order, wherever the bytes are cut", async () => {
    const world = await opened();
    const text = fact(6) + fact(7);
    await world.last.send(text.slice(0, 70));
    await world.last.send(text.slice(70));
    expect(world.frames.map((frame) => frame.kind === "event" && frame.event.run_seq)).toEqual([6, 7]);
  });

  it("is live only while heartbeats are young and nothing is outstanding", async () => {
    const world = await opened();
    await world.pass(3_000);
    expect(world.states.at(-1)).toBe("delayed");
    await world.last.send(hb(6));
    expect(world.states.at(-1)).toBe("live");
    for (let i = 0; i < 4; i++) {
      await world.last.send(message("hb", { head: 9, now: 0 }));
      await world.pass(1_000);
    }
    await world.last.send(message("hb", { head: 9, now: 0 }));
    expect(world.states.at(-1)).toBe("delayed");
    await world.last.send(fact(9));
    expect(world.states.at(-1)).toBe("live");
  });

  it("gives up a silent connection and comes back with its cursor", async () => {
    const world = await opened();
    await world.pass(10_100);
    expect(world.last.aborted).toBe(true);
    expect(world.states.slice(-2)).toEqual(["delayed", "reconnecting"]);
    await world.pass(2_000);
    expect(world.last.query.get("cursor")).toBe("e1.5");
    await world.last.send(hb(6));
    expect(world.states.at(-1)).toBe("live");
  });

  it("goes on through 503, 502, 410, 429 and a page instead of a stream", async () => {
    const world = await opened();
    await world.last.cut();
    for (const status of [503, 502, 410, 429, 200]) {
      await world.nextRequest();
      await world.last.refuse(status, { "content-type": "text/html" });
    }
    await world.nextRequest();
    expect(world.last.query.has("cursor")).toBe(false);
    await world.last.send(hb(7));
    expect(world.states.at(-1)).toBe("live");
  });

  it("waits as long as the server asks, within bounds", async () => {
    const world = await opened();
    await world.last.send(message("bye", { retry_ms: 2_500 }));
    await world.last.cut();
    await world.pass(1_200);
    expect(world.requests).toHaveLength(1);
    await world.pass(100);
    expect(world.requests).toHaveLength(2);
    await world.last.refuse(503, { "retry-after": "1000000000" });
    await world.pass(30_100);
    expect(world.requests).toHaveLength(3);
  });

  it("drops the cursor on reset and on a message that is not ours", async () => {
    const world = await opened();
    await world.last.send(message("reset", { reason: "epoch", earliest: 0, head: 0 }, null));
    expect(world.frames.at(-1)).toEqual({ kind: "reset", reason: "epoch" });
    await world.last.send(`id: e2.1\nevent: event\ndata: {broken\n\n`);
    await world.pass(60_000);
    expect(world.requests.length).toBeGreaterThan(1);
    expect(world.requests[1]?.query.has("cursor")).toBe(false);
  });

  it("stops when the session ends, and comes back when woken", async () => {
    const world = await opened();
    await world.last.cut();
    await world.pass(5_000);
    await world.last.refuse(401);
    await world.pass(600_000);
    expect(world.states.at(-1)).toBe("stale");
    const before = world.requests.length;
    world.hub.receive({ type: "wake" });
    await world.pass(10);
    expect(world.requests).toHaveLength(before + 1);
  });

  it("says stale after a minute without a word, offline without a network", async () => {
    const world = await opened();
    await world.last.cut();
    for (let i = 0; i < 12; i++) {
      await world.pass(8_000);
      await world.last.refuse(502);
    }
    expect(world.states.at(-1)).toBe("stale");
    world.online = false;
    await world.pass(40_000);
    expect(world.states.at(-1)).toBe("offline");
  });

  it("polls when nothing comes for three seconds, and stops when the stream comes through", async () => {
    const world = new FakeWorld();
    const asked: string[] = [];
    world.answer = (url) => {
      asked.push(url);
      if (url.includes("/progress"))
        return Response.json({ run: "r", from: 1, to: 9, state: "running" }, { headers: { etag: '"x"' } });
      return Response.json({ items: [{ run: "r", run_seq: 9, kind: "log", data: {} }], next_cursor: null });
    };
    world.follow("r");
    await world.pass(3_100);
    expect(world.states.at(-1)).toBe("polling");
    expect(world.frames.map((frame) => frame.kind)).toContain("progress");
    await world.pass(2_000);
    expect(asked.filter((url) => url.includes("/events")).at(-1)).toContain("after=9");
    await world.last.send(hb(10));
    expect(world.states.at(-1)).toBe("live");
    const before = asked.length;
    await world.pass(2_900);
    expect(asked).toHaveLength(before);
  });
});

describe("the delay before a reconnect", () => {
  it("is jittered in full between 1 s and a ceiling that doubles to 30 s", () => {
    expect([0, 1, 2, 3, 4, 99].map((failures) => reconnectDelay(failures, 1))).toEqual([
      2000, 4000, 8000, 16000, 30000, 30000,
    ]);
    expect(reconnectDelay(9, 0)).toBe(1000);
  });
});

describe("a server without streams", () => {
  const answers = (world: FakeWorld) => {
    const asked: string[] = [];
    world.answer = (url) => {
      asked.push(url);
      if (url.includes("/progress"))
        return Response.json({ run: "r1", to: 700 }, { headers: { "poll-interval": "2" } });
      return Response.json({ items: [], next_cursor: null });
    };
    return asked;
  };

  it("is not asked for one when the session says so; pages poll from the start", async () => {
    const world = new FakeWorld();
    const asked = answers(world);
    world.hub.receive({ type: "streams", streams: "off" });
    world.follow("r1");
    await world.pass(100);
    expect(world.requests).toHaveLength(0);
    expect(asked.slice(0, 2)).toEqual([
      "/api/v1/runs/r1/progress?after=0",
      "/api/v1/runs/r1/events?after=200&order=asc&limit=500",
    ]);
    expect(world.states.at(-1)).toBe("polling");
    world.follow("r1", "r2");
    await world.pass(100);
    expect(asked.some((url) => url.includes("/runs/r2/progress"))).toBe(true);
    await world.pass(60_000);
    expect(world.requests).toHaveLength(0);
    world.hub.receive({ type: "streams", streams: "on" });
    await world.pass(100);
    expect(world.requests).toHaveLength(1);
  });

  it("that says so only by refusing is not asked again", async () => {
    const world = new FakeWorld();
    answers(world);
    world.follow("r1");
    await world.pass(100);
    const problem = JSON.stringify({ code: "streams_disabled", status: 503, title: "", detail: "" });
    await world.last.refuse(503, { "content-type": "application/problem+json" }, problem);
    await world.pass(120_000);
    expect(world.requests).toHaveLength(1);
    expect(world.states.at(-1)).toBe("polling");
  });
});
