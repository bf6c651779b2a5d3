/**
 * What this page knows of the living things: runs, limits, the connection. Frames are queued and applied once per
 * animation frame (once a second in a hidden tab), and only what changed is told to those who look at it.
 */
import type { Event, Limit, Run, RunSummary } from "../api/wire";
import { type Connection, NO_CONNECTION } from "./connection";
import { connectHub, type Link } from "./link";
import type { Channel, Frame, FromHub, Streams } from "./protocol";
import {
  applyEvent,
  applyItem,
  applyProgress,
  applySnapshot,
  GAP_GRACE_MS,
  hasGap,
  isTerminal,
  type RunView,
} from "./stream.model";

const HIDDEN_FLUSH_MS = 1_000;
/** Between two changes of the page at least; the first after a rest comes with the next animation frame. */
const MIN_FLUSH_MS = 100;
/** A change takes at most this share of the time until the next one: a slow device shows fewer, and stays usable. */
const FLUSH_SHARE = 0.07;
const MAX_FLUSH_MS = 500;
/** A run is fetched anew at most once in this time. */
const REFETCH_MS = 1_000;
/** The newest runs are asked for at most once in this time, however many unknown ones are heard of. */
const RECENT_MS = 500;
/** Unknown runs that are not among the newest are fetched one by one, this many at once. */
const MAX_SINGLE_FETCHES = 5;
/** Views kept a page; beyond, ended runs that nobody follows are forgotten, oldest first. */
const MAX_VIEWS = 1_000;
/** Limits remember this many changes each on the page. */
const MAX_HISTORY = 200;

type Listener = () => void;
type EventsListener = (events: readonly Event[]) => void;
/** What the store asks the server for when it has lost something or heard of a run that it does not know. */
export interface RunSource {
  run: (id: string) => Promise<Run>;
  recent: () => Promise<readonly RunSummary[]>;
  onError: (error: unknown) => void;
}

export class StreamStore {
  #views = new Map<string, RunView>();
  #runs: readonly RunView[] = [];
  #limits: readonly Limit[] | null = null;
  #connection: Connection = NO_CONNECTION;
  #queue: Frame[] = [];
  #resets = 0;
  #scheduled = false;
  #flushedAt = 0;
  #costMs = 0;
  #link: Link | null = null;
  #runRefs = new Map<string, number>();
  #channelRefs = new Map<Channel, number>();
  #listeners = new Map<string, Set<Listener>>();
  #eventListeners = new Set<EventsListener>();
  #refetchTimers = new Map<string, ReturnType<typeof setTimeout>>();
  #refetchedAt = new Map<string, number>();
  #saying = false;
  #unknown = new Set<string>();
  #recentTimer: ReturnType<typeof setTimeout> | null = null;
  #source: RunSource;

  constructor(source: RunSource) {
    this.#source = source;
  }

  view = (id: string): RunView | undefined => this.#views.get(id);
  runs = (): readonly RunView[] => this.#runs;
  /** The figures of the deliveries of one run, or of all that the page has heard of, as one text. */
  deliveriesVersion = (run: string): string => {
    const sum = { staged: 0, done: 0, dead: 0 };
    for (const view of this.#runs) {
      if (run !== "" && view.run.id !== run) continue;
      sum.staged += view.run.deliveries?.staged ?? 0;
      sum.done += view.run.deliveries?.done ?? 0;
      sum.dead += view.run.deliveries?.dead ?? 0;
    }
    return `${sum.staged} ${sum.done} ${sum.dead}`;
  };
  limits = (): readonly Limit[] | null => this.#limits;
  connection = (): Connection => this.#connection;
  /** How often history was lost or replaced under this page; what was read before is void then. */
  resets = (): number => this.#resets;

  /** Follows a run until the returned function is called. */
  followRun(id: string): () => void {
    return this.#follow(this.#runRefs, id);
  }

  followChannel(channel: Channel): () => void {
    return this.#follow(this.#channelRefs, channel);
  }

  /** Topics: `connection`, `runs`, `limits`, `resets`, `run:<id>`. */
  listen(topic: string, listener: Listener): () => void {
    const set = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, set);
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0) this.#listeners.delete(topic);
    };
  }

  /** Every fact that arrives, in batches as they are applied. */
  onEvents(listener: EventsListener): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Takes runs that were fetched, as if the stream had brought them. */
  offer(runs: readonly (Run | RunSummary)[]): void {
    this.#enqueue([{ kind: "snapshot", runs: [...runs], limits: null }]);
  }

  /** One limit that an answer told; the others stay. */
  offerLimit(limit: Limit): void {
    const others = (this.#limits ?? []).filter((each) => each.class !== limit.class);
    this.offerLimits([...others, limit].sort((a, b) => a.class.localeCompare(b.class)));
  }

  offerLimits(limits: readonly Limit[]): void {
    this.#enqueue([{ kind: "snapshot", runs: [], limits: [...limits] }]);
  }

  /** What the session says of streams; known before the first connection where the session is. */
  setStreams(streams: Streams): void {
    this.#link ??= connectHub((message) => this.#receive(message));
    this.#link.streams(streams);
  }

  /** Tries to connect at once. */
  wake(): void {
    this.#link?.wake();
  }

  #follow<K>(refs: Map<K, number>, key: K): () => void {
    refs.set(key, (refs.get(key) ?? 0) + 1);
    this.#say();
    return () => {
      const left = (refs.get(key) ?? 1) - 1;
      if (left > 0) refs.set(key, left);
      else refs.delete(key);
      this.#say();
    };
  }

  /** Tells the hub once for all changes of one moment (a page that goes and one that comes). */
  #say() {
    if (this.#saying) return;
    this.#saying = true;
    queueMicrotask(() => {
      this.#saying = false;
      this.#link ??= connectHub((message) => this.#receive(message));
      this.#link.subscribe({ runs: [...this.#runRefs.keys()], channels: [...this.#channelRefs.keys()] });
    });
  }

  #receive(message: FromHub) {
    if (message.type === "frames") this.#enqueue(message.frames);
    else {
      this.#connection = message.connection;
      this.#tell("connection");
    }
  }

  #enqueue(frames: readonly Frame[]) {
    this.#queue.push(...frames);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (document.hidden) setTimeout(() => this.#flush(), HIDDEN_FLUSH_MS);
    else {
      // A tab that is hidden before its frame comes would wait for ever: the timer is the second way.
      let done = false;
      const once = () => {
        if (done) return;
        done = true;
        this.#flush();
      };
      const pace = Math.min(MAX_FLUSH_MS, Math.max(MIN_FLUSH_MS, this.#costMs / FLUSH_SHARE));
      const rest = this.#flushedAt + pace - performance.now();
      if (rest <= 0) requestAnimationFrame(once);
      else setTimeout(() => requestAnimationFrame(once), rest);
      setTimeout(once, HIDDEN_FLUSH_MS);
    }
  }

  #flush() {
    this.#scheduled = false;
    this.#flushedAt = performance.now();
    const frames = this.#queue;
    this.#queue = [];
    const now = Date.now();
    const changed = new Set<string>();
    const events: Event[] = [];
    for (const frame of frames) this.#apply(frame, now, changed, events);
    for (const id of changed) {
      const view = this.#views.get(id);
      if (view && this.#runRefs.has(id)) this.#lookAfter(view);
    }
    if (changed.size > 0) {
      this.#forget();
      this.#runs = [...this.#views.values()].sort((a, b) => b.run.created_at - a.run.created_at);
      this.#tell("runs");
      for (const id of changed) this.#tell(`run:${id}`);
    }
    if (events.length > 0) for (const listener of this.#eventListeners) listener(events);
    if (!document.hidden) this.#measure(this.#flushedAt);
  }

  /** What the change cost until it was painted, smoothed: a message to ourselves comes after the frame. */
  #measure(began: number) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      this.#costMs = this.#costMs * 0.8 + (performance.now() - began) * 0.2;
      port1.close();
    };
    port2.postMessage(null);
  }

  #forget() {
    if (this.#views.size <= MAX_VIEWS) return;
    const candidates = [...this.#views.values()].filter(
      (view) => isTerminal(view.run.state) && !this.#runRefs.has(view.run.id),
    );
    candidates.sort((a, b) => a.run.created_at - b.run.created_at);
    for (const view of candidates.slice(0, this.#views.size - MAX_VIEWS)) this.#views.delete(view.run.id);
  }

  #apply(frame: Frame, now: number, changed: Set<string>, events: Event[]) {
    switch (frame.kind) {
      case "snapshot":
        for (const run of frame.runs)
          this.#set(run.id, applySnapshot(this.#views.get(run.id), run, now), changed);
        if (frame.limits) {
          this.#limits = frame.limits;
          this.#tell("limits");
        }
        break;
      case "event":
        events.push(frame.event);
        if (frame.event.kind === "limit.changed") this.#limitChanged(frame.event);
        else if (frame.event.run !== null)
          this.#change(frame.event.run, changed, (view) => applyEvent(view, frame.event, now));
        break;
      case "progress":
        this.#change(frame.progress.run, changed, (view) =>
          applyProgress(view, frame.progress, frame.source, now),
        );
        break;
      case "item":
        this.#change(frame.item.run, changed, (view) => applyItem(view, frame.item, now));
        break;
      case "reset":
        this.#views.clear();
        this.#resets += 1;
        this.#tell("resets");
        for (const id of this.#runRefs.keys()) {
          changed.add(id);
          this.#refetch(id);
        }
        break;
      case "end":
        break;
    }
  }

  #set(id: string, view: RunView, changed: Set<string>) {
    if (this.#views.get(id) === view) return;
    this.#views.set(id, view);
    changed.add(id);
  }

  #change(id: string, changed: Set<string>, change: (view: RunView) => RunView) {
    const view = this.#views.get(id);
    if (view) this.#set(id, change(view), changed);
    else if (this.#runRefs.has(id)) this.#refetch(id);
    else if (this.#channelRefs.has("runs")) this.#meet(id);
  }

  /** A run that nobody here has seen: the newest runs are fetched in one go, and only what is not among them alone. */
  #meet(id: string) {
    this.#unknown.add(id);
    this.#recentTimer ??= setTimeout(() => {
      this.#source
        .recent()
        .then(
          (runs) => {
            this.offer(runs);
            for (const run of runs) this.#unknown.delete(run.id);
            for (const other of [...this.#unknown].slice(0, MAX_SINGLE_FETCHES)) this.#refetch(other);
          },
          (error: unknown) => this.#source.onError(error),
        )
        .finally(() => {
          this.#unknown.clear();
          this.#recentTimer = null;
        });
    }, RECENT_MS);
  }

  /** Fetches a followed run that lacks something: at once when it is known, after the grace when it may yet come. */
  #lookAfter(view: RunView) {
    const id = view.run.id;
    if (view.incomplete) this.#refetch(id);
    else if (view.gapSince !== null && !this.#refetchTimers.has(id)) {
      this.#later(id, GAP_GRACE_MS, () => {
        const now = this.#views.get(id);
        if (now && hasGap(now, Date.now())) this.#refetch(id);
        else if (now?.gapSince) this.#lookAfter(now);
      });
    }
  }

  #refetch(id: string) {
    if (this.#refetchTimers.has(id)) return;
    const wait = Math.max(0, (this.#refetchedAt.get(id) ?? 0) + REFETCH_MS - Date.now());
    this.#later(id, wait, () => {
      this.#refetchedAt.set(id, Date.now());
      this.#source.run(id).then(
        (run) => this.offer([run]),
        (error: unknown) => this.#source.onError(error),
      );
    });
  }

  #later(id: string, ms: number, act: () => void) {
    this.#refetchTimers.set(
      id,
      setTimeout(() => {
        this.#refetchTimers.delete(id);
        act();
      }, ms),
    );
  }

  #limitChanged(event: Event) {
    const { class: name, from, to, reason } = event.data;
    if (typeof name !== "string" || typeof from !== "number" || typeof to !== "number") return;
    const change = { at: event.at, from, to, reason: typeof reason === "string" ? reason : "" };
    this.#limits = (this.#limits ?? []).map((limit) =>
      limit.class === name && change.at >= limit.changed_at
        ? {
            ...limit,
            limit: to,
            reason: change.reason,
            changed_at: change.at,
            history: [...limit.history, change].slice(-MAX_HISTORY),
          }
        : limit,
    );
    this.#tell("limits");
  }

  #tell(topic: string) {
    for (const listener of this.#listeners.get(topic) ?? []) listener();
  }
}

/** Runs that stand out of the list of all: not yet over. */
export function activeRuns(views: readonly RunView[]): RunView[] {
  return views.filter((view) => !isTerminal(view.run.state));
}
