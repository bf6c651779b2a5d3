/**
 * Asks for figures when the stream does not come through. One round at a time: each followed run's progress (with
 * its ETag, answered from the server's memory), then the events since the last one seen; now and then the lists.
 */
import type { Event, Limit, Page, Progress, RunSummary } from "../api/wire";
import type { Frame, Subscription } from "./protocol";

const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 30_000;
/** Every how many rounds the channels (runs, limits) are asked for. */
const CHANNEL_ROUNDS = 4;
const EVENTS_A_ROUND = 500;
const LOSSY = new Set(["task.done", "items.emitted"]);

export interface PollerWorld {
  fetch: typeof fetch;
  setTimeout: (act: () => void, ms: number) => number;
  clearTimeout: (timer: number) => void;
  onFrames: (frames: Frame[]) => void;
  onSignedOut: () => void;
}

export class Poller {
  readonly #world: PollerWorld;
  readonly #etags = new Map<string, string>();
  /** The highest run_seq whose facts the pages have. */
  readonly #seen = new Map<string, number>();
  #followed: Subscription = { runs: [], channels: [] };
  #request: AbortController | null = null;
  #timer: number | null = null;
  #answering = false;
  #failures = 0;

  constructor(world: PollerWorld) {
    this.#world = world;
  }

  follow(subscription: Subscription): void {
    this.#followed = subscription;
  }

  /** Remembers how far the pages are, so that polling goes on from there. */
  note(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame.kind === "snapshot") for (const run of frame.runs) this.#reached(run.id, run.run_seq);
      else if (frame.kind === "event" && frame.event.run) this.#reached(frame.event.run, frame.event.run_seq);
      else if (frame.kind === "reset") this.#seen.clear();
    }
  }

  /** Whether the last round got an answer. */
  isAnswering(): boolean {
    return this.#request !== null && this.#answering;
  }

  start(): void {
    if (this.#request !== null) return;
    const request = new AbortController();
    this.#request = request;
    this.#failures = 0;
    this.#loop(request, 0);
  }

  stop(): void {
    this.#request?.abort();
    this.#request = null;
    this.#answering = false;
    if (this.#timer !== null) this.#world.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #loop(request: AbortController, round: number) {
    this.#round(request.signal, round).then(
      (interval) => {
        if (this.#request !== request) return;
        this.#failures = 0;
        this.#again(request, round + 1, interval);
      },
      (error: unknown) => {
        if (this.#request !== request) return;
        if (error instanceof PollError && (error.status === 401 || error.status === 403)) {
          this.#world.onSignedOut();
          return;
        }
        this.#answering = false;
        this.#failures += 1;
        this.#again(request, round, Math.min(MAX_INTERVAL_MS, MIN_INTERVAL_MS * 2 ** this.#failures));
      },
    );
  }

  #again(request: AbortController, round: number, ms: number) {
    this.#timer = this.#world.setTimeout(() => {
      this.#timer = null;
      if (this.#request === request) this.#loop(request, round);
    }, ms);
  }

  async #round(signal: AbortSignal, round: number): Promise<number> {
    let interval = MIN_INTERVAL_MS;
    for (const run of this.#followed.runs) interval = Math.max(interval, await this.#run(run, signal));
    if (round % CHANNEL_ROUNDS === 0) await this.#channels(signal);
    return Math.min(MAX_INTERVAL_MS, interval);
  }

  async #run(run: string, signal: AbortSignal): Promise<number> {
    const seen = this.#seen.get(run);
    const etag = this.#etags.get(run);
    const path = `/api/v1/runs/${encodeURIComponent(run)}`;
    const response = await this.#get(
      `${path}/progress?after=${seen ?? 0}`,
      signal,
      etag ? { "if-none-match": etag } : {},
    );
    const interval = Number(response.headers.get("poll-interval") ?? 1) * 1000;
    if (response.status === 304) {
      this.#alive([]);
      return interval;
    }
    const progress = (await response.json()) as Progress;
    const tag = response.headers.get("etag");
    if (tag) this.#etags.set(run, tag);
    // A page fetches a run and its facts itself; where polling comes first, the newest facts close what lies between.
    const after = seen ?? Math.max(0, progress.to - EVENTS_A_ROUND);
    this.#reached(run, after);
    const events = await this.#events(path, run, after, signal);
    this.#alive([...events, { kind: "progress", progress, source: "poll" }]);
    return interval;
  }

  /** The lossless events after the last one seen; the rest of a long list comes with the next rounds. */
  async #events(path: string, run: string, after: number, signal: AbortSignal): Promise<Frame[]> {
    const response = await this.#get(
      `${path}/events?after=${after}&order=asc&limit=${EVENTS_A_ROUND}`,
      signal,
    );
    const { items } = (await response.json()) as Page<Event>;
    const last = items.at(-1);
    if (last) this.#reached(run, last.run_seq);
    if (items.length === EVENTS_A_ROUND) this.#etags.delete(run);
    return items.filter((event) => !LOSSY.has(event.kind)).map((event) => ({ kind: "event", event }));
  }

  async #channels(signal: AbortSignal) {
    const { channels } = this.#followed;
    const runs = channels.includes("runs")
      ? ((await (await this.#get("/api/v1/runs?limit=100", signal)).json()) as Page<RunSummary>).items
      : [];
    const limits = channels.includes("limits")
      ? ((await (await this.#get("/api/v1/limits", signal)).json()) as Page<Limit>).items
      : null;
    if (channels.length > 0) this.#alive([{ kind: "snapshot", runs, limits }]);
  }

  #alive(frames: Frame[]) {
    this.#answering = true;
    this.#world.onFrames(frames);
  }

  #reached(run: string, seq: number) {
    this.#seen.set(run, Math.max(seq, this.#seen.get(run) ?? 0));
  }

  async #get(url: string, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Response> {
    const response = await this.#world.fetch(url, {
      headers: { accept: "application/json", ...headers },
      credentials: "same-origin",
      // The ETag is ours to keep: the browser's cache would answer 304 as 200.
      cache: "no-store",
      signal,
    });
    if (!response.ok && response.status !== 304) throw new PollError(response.status);
    return response;
  }
}

class PollError extends Error {
  constructor(readonly status: number) {
    super(`polling was answered with ${status}`);
  }
}
