// Server-sent events of the mock: snapshot, lossless events, conflated progress, heartbeats, faults on demand.
import { isTerminal } from "./world.mjs";

const LOSSY = new Set(["task.done", "items.emitted", "delivery.done"]);

export class Streams {
  constructor(world, faults) {
    this.world = world;
    this.faults = faults;
    this.followers = new Set();
    world.listeners.add((message) => this.broadcast(message));
    this.timers = [setInterval(() => this.progress(), 200), setInterval(() => this.heartbeat(), 1000)];
  }

  close() {
    for (const timer of this.timers) clearInterval(timer);
    this.cut();
  }

  /** Ends every open stream, as a proxy that restarts does. */
  cut() {
    for (const follower of this.followers) follower.response.destroy();
    this.followers.clear();
  }

  open(request, response, { runs, channels, cursor, single }) {
    if (this.faults.refuse) {
      response.writeHead(this.faults.refuse, { "content-type": "text/html" });
      response.end("<h1>Bad gateway</h1>");
      return;
    }
    if (this.faults.silent) {
      // A proxy that buffers: the request hangs and nothing arrives.
      request.on("close", () => response.destroy());
      return;
    }
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    response.write(`: ${" ".repeat(2048)}\n\nretry: 1000\n\n`);
    const follower = {
      response,
      runs: new Set(runs),
      channels: new Set(channels),
      single,
      sentFrom: new Map(),
    };
    const [epoch, seq] = (cursor ?? "").split(".");
    const known = epoch === this.world.epoch && Number(seq) <= this.world.feedSeq;
    if (cursor && !known)
      this.send(follower, "reset", { reason: "epoch changed", earliest: 0, head: this.world.feedSeq });
    this.snapshot(follower);
    if (known) this.replay(follower, Number(seq));
    this.followers.add(follower);
    request.on("close", () => this.followers.delete(follower));
  }

  snapshot(follower) {
    const about = {
      epoch: this.world.epoch,
      cursor: `${this.world.epoch}.${this.world.feedSeq}`,
      head: this.world.feedSeq,
      now: Date.now(),
    };
    const shown = [...this.world.runs.values()].filter(
      (record) =>
        follower.runs.has(record.run.id) || (follower.channels.has("runs") && !isTerminal(record.run.state)),
    );
    for (const record of shown) follower.sentFrom.set(record.run.id, record.run.run_seq);
    if (follower.single) this.send(follower, "snapshot", { run: shown[0]?.run, ...about });
    else {
      const runs = shown.map(({ run }) => ({ ...run, input: undefined }));
      const limits = follower.channels.has("limits") ? [...this.world.limits.values()] : undefined;
      this.send(follower, "snapshot", { runs, limits, ...about });
    }
  }

  replay(follower, after) {
    for (const id of follower.runs) {
      for (const event of this.world.runs.get(id)?.events ?? []) {
        if (event.feed_seq > after && !LOSSY.has(event.kind))
          this.send(follower, "event", event, event.feed_seq);
      }
    }
  }

  broadcast(message) {
    for (const follower of this.followers) {
      if (message.type === "end") {
        if (follower.single && follower.runs.has(message.run)) {
          this.progressOf(follower, this.world.runs.get(message.run));
          this.send(follower, "end", { run: message.run, state: message.state });
          follower.response.end();
        }
        continue;
      }
      const { event } = message;
      if (LOSSY.has(event.kind)) continue;
      const wanted =
        event.run === null
          ? follower.channels.has("limits")
          : follower.runs.has(event.run) || (follower.channels.has("runs") && event.kind.startsWith("run."));
      if (wanted) this.send(follower, "event", event, event.feed_seq);
    }
  }

  progress() {
    const dirty = [...this.world.dirty];
    this.world.dirty.clear();
    for (const follower of this.followers) {
      for (const id of dirty) {
        const record = this.world.runs.get(id);
        if (record && (follower.runs.has(id) || follower.channels.has("runs")))
          this.progressOf(follower, record);
      }
    }
  }

  progressOf(follower, record) {
    const { run } = record;
    const from = (follower.sentFrom.get(run.id) ?? 0) + 1;
    follower.sentFrom.set(run.id, run.run_seq);
    this.send(follower, "progress", progress(record, Math.min(from, run.run_seq)), this.world.feedSeq);
  }

  heartbeat() {
    for (const follower of this.followers)
      this.send(follower, "hb", { head: this.world.feedSeq, now: Date.now() }, this.world.feedSeq);
  }

  send(follower, event, data, seq = this.world.feedSeq) {
    if (this.faults.stall) return;
    follower.response.write(
      `id: ${this.world.epoch}.${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
    );
  }
}

export function progress(record, from) {
  const { run } = record;
  return {
    run: run.id,
    item: null,
    from,
    to: run.run_seq,
    state: run.state,
    figures: run.figures,
    stages: run.stages,
    counters: run.counters,
    rate_per_s: run.rate_per_s,
    eta_ms: run.eta_ms,
    deliveries: run.deliveries,
    current: record.current,
    at: Date.now(),
  };
}
