/**
 * The one stream of a browser. Pages tell the hub what they follow; it keeps one connection for all of them.
 *
 *   idle ──a page follows──▶ opening ──first message──▶ open ──3 s of silence──▶ (delayed) ──10 s──▶ cut
 *                              │  ▲                       │
 *            3 s without one:  │  └──── full jitter ◀─────┴── cut, bye, HTTP error
 *            polling as well ◀─┘        1–30 s
 *
 * It owns the loop, not EventSource (which gives up for good on 204, 401, 410 and 503). The cursor survives every
 * cut; `reset` and a broken message drop it, and then a snapshot comes. While it polls, the stream is still tried;
 * but not where the server has said that it has none.
 */
import { parseProblem } from "../api/problem";
import { reconnectDelay } from "./backoff";
import { conflate } from "./conflate";
import type { Connection } from "./connection";
import { cursorSeq, type Decoded, decode, ProtocolError } from "./decode";
import { Poller } from "./poller";
import type { Channel, Frame, FromHub, Streams, Subscription, ToHub } from "./protocol";
import { SseParser } from "./sse";

export const FIRST_EVENT_MS = 3_000;
export const DELAYED_MS = 3_000;
/** Silence after which the connection counts as dead: three missed heartbeats and then some. */
export const DEAD_MS = 10_000;
/** A stream that has brought nothing this long is tried anew; polling goes on meanwhile. */
export const HELD_BACK_MS = 30_000;
export const STALE_MS = 60_000;
/** Pages are told at most this often; the first word after a rest goes at once. */
const BATCH_MS = 100;
/** And the less often the more there is to tell: so much for each frame, up to a limit. */
const BATCH_FRAME_MS = 0.5;
const MAX_BATCH_MS = 250;
const SUBSCRIBE_DELAY_MS = 30;
const CLEAN_CUT_MS = 1_000;
const OVER_MS = 30_000;

/** What the hub needs of its surroundings; tests give their own. */
export interface HubWorld {
  fetch: typeof fetch;
  now: () => number;
  random: () => number;
  isOnline: () => boolean;
  setTimeout: (act: () => void, ms: number) => number;
  clearTimeout: (timer: number) => void;
  emit: (message: FromHub) => void;
}

type Phase = "idle" | "opening" | "open" | "waiting" | "polling" | "signed_out";
/** The problem by which a server says that its streams are switched off. */
const NO_STREAMS = "streams_disabled";

export class Hub {
  readonly #world: HubWorld;
  readonly #clients = new Map<string, Subscription>();
  readonly #poller: Poller;
  #phase: Phase = "idle";
  #streams: Streams = "on";
  #connection: Connection = { state: "reconnecting", asOf: null, retryAt: null, reason: null };
  #request: AbortController | null = null;
  #followed = "";
  #cursor: string | null = null;
  #failures = 0;
  #retryMs: number | null = null;
  #lastWordAt: number | null = null;
  #retryAt: number | null = null;
  #openedAt = 0;
  #head: number | null = null;
  /** Since when the server's head lies beyond our cursor. */
  #behindSince: number | null = null;
  #retryTimer: number | null = null;
  #watchTimer: number | null = null;
  #subscribeTimer: number | null = null;
  #outbox: Frame[] = [];
  #outboxTimer: number | null = null;
  #sentAt = 0;
  #batchMs = BATCH_MS;

  constructor(world: HubWorld) {
    this.#world = world;
    this.#poller = new Poller({
      fetch: (input, init) => world.fetch(input, init),
      setTimeout: (act, ms) => world.setTimeout(act, ms),
      clearTimeout: (timer) => world.clearTimeout(timer),
      onFrames: (frames) => {
        this.#word();
        if (frames.length > 0) world.emit({ type: "frames", frames });
        this.#report();
      },
      onSignedOut: () => this.#signedOut(),
    });
  }

  /** What a page says. */
  receive(message: ToHub): void {
    if (message.type === "subscribe") {
      this.#clients.set(message.client, message.subscription);
      this.#world.emit({ type: "connection", connection: this.#connection });
      this.#arrange();
    } else if (message.type === "leave") {
      this.#clients.delete(message.client);
      this.#arrange();
    } else if (message.type === "streams") {
      this.#switch(message.streams);
    } else {
      this.wake();
    }
  }

  /** Tries at once if the hub waits, whatever it waits for. */
  wake(): void {
    if (this.#phase === "waiting" || this.#phase === "signed_out") this.#open();
    else this.#report();
  }

  /** Ends everything; only for tests and for a leader that steps down. */
  close(): void {
    this.#clients.clear();
    this.#stop();
  }

  #switch(streams: Streams) {
    if (streams === this.#streams) return;
    this.#streams = streams;
    if (this.#phase !== "idle" && this.#phase !== "signed_out") this.#open();
  }

  #arrange() {
    if (this.#subscribeTimer !== null) return;
    this.#subscribeTimer = this.#world.setTimeout(() => {
      this.#subscribeTimer = null;
      const wanted = union(this.#clients.values());
      const key = followKey(wanted);
      if (this.#clients.size === 0) this.#stop();
      else if (key !== this.#followed || this.#phase === "idle") {
        this.#poller.follow(wanted);
        this.#open();
      }
    }, SUBSCRIBE_DELAY_MS);
  }

  #stop() {
    this.#cut();
    this.#clear("retry");
    this.#clear("watch");
    this.#poller.stop();
    this.#phase = "idle";
    this.#followed = "";
    this.#cursor = null;
  }

  #open() {
    this.#cut();
    this.#clear("retry");
    this.#retryAt = null;
    const wanted = union(this.#clients.values());
    this.#followed = followKey(wanted);
    if (this.#streams === "off") {
      this.#poll();
      return;
    }
    this.#phase = "opening";
    const request = new AbortController();
    this.#request = request;
    this.#openedAt = this.#world.now();
    this.#watch();
    this.#report();
    this.#read(request, wanted).then(
      (end) => this.#request === request && this.#ended(end),
      (error: unknown) => this.#request === request && this.#failed(error),
    );
  }

  /** Asks from now on; what is newly followed is asked for at once. */
  #poll() {
    this.#phase = "polling";
    this.#poller.stop();
    this.#poller.start();
    this.#watch();
    this.#report();
  }

  async #read(request: AbortController, wanted: Subscription): Promise<"cut" | "over"> {
    const response = await this.#world.fetch(streamUrl(wanted, this.#cursor), {
      headers: { accept: "text/event-stream", ...(this.#cursor ? { "last-event-id": this.#cursor } : {}) },
      credentials: "same-origin",
      cache: "no-store",
      signal: request.signal,
    });
    if (response.status === 204) return "over";
    if (!response.ok || !response.body) {
      throw new RefusedError(response.status, retryAfter(response), await problemCode(response));
    }
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      await response.body.cancel();
      throw new RefusedError(response.status, null, null);
    }
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "cut";
      if (this.#request !== request) return "cut";
      const messages = parser.push(value);
      if (parser.retryMs !== null) this.#retryMs = parser.retryMs;
      if (messages.length === 0) continue;
      const frames: Frame[] = [];
      for (const message of messages) {
        this.#take(decode(message), frames);
        if (message.id !== null) this.#cursor = message.id;
      }
      this.#settleHead();
      this.#heard(frames);
    }
  }

  #take(decoded: Decoded, frames: Frame[]) {
    if (decoded.type === "frame") {
      if (decoded.frame.kind === "reset") this.#cursor = null;
      frames.push(decoded.frame);
    } else if (decoded.type === "heartbeat") {
      this.#head = decoded.head;
    } else if (decoded.type === "bye") {
      this.#retryMs = decoded.retryMs ?? this.#retryMs;
    }
  }

  /** Whether what arrived is all there is: the last heartbeat's head against our cursor. */
  #settleHead() {
    const at = this.#cursor === null ? null : cursorSeq(this.#cursor);
    const behind = this.#head !== null && at !== null && at < this.#head;
    this.#behindSince = behind ? (this.#behindSince ?? this.#world.now()) : null;
  }

  #heard(frames: Frame[]) {
    this.#phase = "open";
    this.#failures = 0;
    this.#poller.stop();
    this.#word();
    this.#watch();
    this.#send(frames);
    this.#report();
  }

  #ended(end: "cut" | "over") {
    if (end === "over") {
      this.#wait(OVER_MS); // 204: nothing of what we follow can change any more.
      return;
    }
    // A server that says when to come back, or a clean end, is no failure unless it brought nothing.
    const clean = this.#phase === "open" ? this.#world.random() * (this.#retryMs ?? CLEAN_CUT_MS) : null;
    this.#wait(clean);
  }

  #failed(error: unknown) {
    if (error instanceof RefusedError && (error.status === 401 || error.status === 403)) {
      this.#signedOut();
      return;
    }
    if (error instanceof RefusedError && error.code === NO_STREAMS) {
      this.#streams = "off";
      this.#poll();
      return;
    }
    if (error instanceof ProtocolError || (error instanceof RefusedError && error.status === 410))
      this.#cursor = null;
    this.#wait(error instanceof RefusedError ? error.retryAfterMs : null);
  }

  #signedOut() {
    this.#cut();
    this.#poller.stop();
    this.#clear("retry");
    this.#clear("watch");
    this.#phase = "signed_out";
    this.#report();
  }

  #wait(asked: number | null) {
    this.#cut();
    const jitter = reconnectDelay(this.#failures, this.#world.random());
    const delay = asked === null ? jitter : Math.min(30_000, Math.max(asked, 100));
    this.#failures += 1;
    this.#phase = "waiting";
    this.#retryAt = this.#world.now() + delay;
    this.#clear("retry");
    this.#retryTimer = this.#world.setTimeout(() => {
      this.#retryTimer = null;
      this.#open();
    }, delay);
    this.#watch();
    this.#report();
  }

  #cut() {
    const request = this.#request;
    this.#request = null;
    request?.abort();
  }

  /** One timer that looks after silence: it is set anew with every word and asks for the next moment that matters. */
  #watch() {
    this.#clear("watch");
    const now = this.#world.now();
    const next = this.#nextMoment(now);
    if (next === null) return;
    this.#watchTimer = this.#world.setTimeout(
      () => {
        this.#watchTimer = null;
        this.#silence();
      },
      Math.max(20, next - now),
    );
  }

  #nextMoment(now: number): number | null {
    const last = this.#lastWordAt ?? now;
    if (this.#phase === "open") return now - last < DELAYED_MS ? last + DELAYED_MS : last + DEAD_MS;
    if (this.#phase === "opening") {
      return now - this.#openedAt < FIRST_EVENT_MS
        ? this.#openedAt + FIRST_EVENT_MS
        : this.#openedAt + HELD_BACK_MS;
    }
    if ((this.#phase === "waiting" || this.#phase === "polling") && now - last < STALE_MS)
      return last + STALE_MS;
    return null;
  }

  #silence() {
    const now = this.#world.now();
    if (this.#phase === "open" && now - (this.#lastWordAt ?? now) >= DEAD_MS) this.#wait(null);
    else if (this.#phase === "opening" && now - this.#openedAt >= HELD_BACK_MS) this.#wait(null);
    else if (this.#phase === "opening" && now - this.#openedAt >= FIRST_EVENT_MS) {
      this.#poller.start();
      this.#watch();
    } else this.#watch();
    this.#report();
  }

  #word() {
    this.#lastWordAt = this.#world.now();
  }

  #send(frames: Frame[]) {
    if (frames.length === 0) return;
    this.#poller.note(frames);
    this.#outbox.push(...frames);
    if (this.#outboxTimer !== null) return;
    const rest = this.#sentAt + this.#batchMs - this.#world.now();
    if (rest <= 0) this.#flush();
    else this.#outboxTimer = this.#world.setTimeout(() => this.#flush(), rest);
  }

  #flush() {
    if (this.#outboxTimer !== null) this.#world.clearTimeout(this.#outboxTimer);
    this.#outboxTimer = null;
    this.#sentAt = this.#world.now();
    const frames = conflate(this.#outbox);
    this.#outbox = [];
    this.#batchMs = Math.min(MAX_BATCH_MS, BATCH_MS + frames.length * BATCH_FRAME_MS);
    if (frames.length > 0) this.#world.emit({ type: "frames", frames });
  }

  #report() {
    const next = this.#judge();
    const before = this.#connection;
    this.#connection = next;
    const same =
      before.state === next.state &&
      before.retryAt === next.retryAt &&
      before.reason === next.reason &&
      sameSecond(before.asOf, next.asOf);
    if (!same) this.#world.emit({ type: "connection", connection: next });
  }

  #judge(): Connection {
    const now = this.#world.now();
    const asOf = this.#lastWordAt;
    const silence = asOf === null ? Number.POSITIVE_INFINITY : now - asOf;
    const say = (state: Connection["state"], retryAt: number | null = null): Connection => ({
      state,
      asOf,
      retryAt,
      reason: null,
    });
    if (this.#phase === "signed_out") return { ...say("stale"), reason: "signed_out" };
    if (!this.#world.isOnline()) return say("offline", this.#retryAt);
    if (this.#poller.isAnswering()) return say("polling");
    if (this.#phase === "open") {
      const lags = this.#behindSince !== null && now - this.#behindSince >= DELAYED_MS;
      return say(silence < DELAYED_MS && !lags ? "live" : "delayed");
    }
    // A reconnect that takes no time (a page follows something new) is no interruption.
    if (this.#phase === "opening" && silence < DELAYED_MS && this.#failures === 0)
      return say(this.#connection.state);
    if (asOf !== null && silence >= STALE_MS) return say("stale", this.#retryAt);
    return say("reconnecting", this.#retryAt);
  }

  #clear(which: "retry" | "watch") {
    if (which === "retry" && this.#retryTimer !== null) {
      this.#world.clearTimeout(this.#retryTimer);
      this.#retryTimer = null;
    }
    if (which === "watch" && this.#watchTimer !== null) {
      this.#world.clearTimeout(this.#watchTimer);
      this.#watchTimer = null;
    }
  }
}

/** The server answered, but not with a stream. */
class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly retryAfterMs: number | null,
    /** The problem's code, where the answer had one. */
    readonly code: string | null,
  ) {
    super(`the stream was refused with ${status}`);
  }
}

async function problemCode(response: Response): Promise<string | null> {
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("application/problem+json")) {
    await response.body?.cancel();
    return null;
  }
  return parseProblem(response.status, response.statusText, await response.text()).code;
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function union(subscriptions: Iterable<Subscription>): Subscription {
  const runs = new Set<string>();
  const channels = new Set<Channel>();
  for (const subscription of subscriptions) {
    for (const run of subscription.runs) runs.add(run);
    for (const channel of subscription.channels) channels.add(channel);
  }
  return { runs: [...runs].sort(), channels: [...channels].sort() };
}

function followKey({ runs, channels }: Subscription): string {
  return `${runs.join(",")}|${channels.join(",")}`;
}

function streamUrl({ runs, channels }: Subscription, cursor: string | null): string {
  const query = new URLSearchParams();
  if (runs.length > 0) query.set("runs", runs.join(","));
  if (channels.length > 0) query.set("channels", channels.join(","));
  if (cursor !== null) query.set("cursor", cursor);
  return `/api/v1/stream?${query}`;
}

function sameSecond(a: number | null, b: number | null): boolean {
  return a === b || (a !== null && b !== null && Math.floor(a / 1000) === Math.floor(b / 1000));
}
