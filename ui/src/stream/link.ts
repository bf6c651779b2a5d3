/**
 * A page's way to the hub: a SharedWorker; where there is none, the tab that holds a Web Lock runs the hub and
 * speaks to the others by BroadcastChannel; where there is neither, each tab has a hub of its own.
 */
import { newKey } from "../api/client";
import { createHub } from "./hub.host";
import type { FromHub, Streams, Subscription, ToHub } from "./protocol";

export interface Link {
  subscribe: (subscription: Subscription) => void;
  streams: (streams: Streams) => void;
  wake: () => void;
}

const LEADER_LOCK = "headway-stream-leader";
const CHANNEL = "headway-stream";

type OnMessage = (message: FromHub) => void;
type Post = (message: ToHub) => void;

export function connectHub(onMessage: OnMessage): Link {
  const client = `headway-page-${newKey()}`;
  holdLock(client);
  let subscription: Subscription = { runs: [], channels: [] };
  let post: Post = () => {};
  let streams: Streams | null = null;
  const say = () => {
    if (streams !== null) post({ type: "streams", streams });
    post({ type: "subscribe", client, subscription });
  };
  const openLocal = () => {
    post =
      "locks" in navigator && "BroadcastChannel" in window
        ? shareByLeader(onMessage, say)
        : ownHub(onMessage);
  };
  const worker = openWorker(onMessage, () => {
    openLocal();
    say();
  });
  if (worker) post = worker;
  else openLocal();
  window.addEventListener("pagehide", () => post({ type: "leave", client }));
  window.addEventListener("pageshow", (event) => event.persisted && say());
  const wake = () => post({ type: "wake" });
  window.addEventListener("online", wake);
  window.addEventListener("offline", wake);
  document.addEventListener("visibilitychange", () => !document.hidden && wake());
  return {
    subscribe: (next) => {
      subscription = next;
      say();
    },
    streams: (next) => {
      streams = next;
      post({ type: "streams", streams: next });
    },
    wake,
  };
}

function openWorker(onMessage: OnMessage, onBroken: () => void): Post | null {
  if (!("SharedWorker" in window)) return null;
  let worker: SharedWorker;
  try {
    worker = new SharedWorker(new URL("./hub.worker.ts", import.meta.url), {
      type: "module",
      name: "headway-stream",
    });
  } catch (error) {
    if (error instanceof DOMException) return null; // A policy or private mode forbids workers: the tab does it alone.
    throw error;
  }
  worker.addEventListener("error", onBroken, { once: true });
  worker.port.addEventListener("message", ({ data }: MessageEvent<FromHub>) => onMessage(data));
  worker.port.start();
  return (message) => worker.port.postMessage(message);
}

function ownHub(onMessage: OnMessage): Post {
  const hub = createHub(onMessage);
  return (message) => hub.receive(message);
}

/** What tabs say to one another. `hello`: a new leader asks what everybody follows. */
type Broadcast =
  | { to: "leader"; message: ToHub }
  | { to: "pages"; message: FromHub }
  | { to: "pages"; message: "hello" };

function shareByLeader(onMessage: OnMessage, sayAgain: () => void): Post {
  const channel = new BroadcastChannel(CHANNEL);
  let lead: Post | null = null;
  channel.addEventListener("message", ({ data }: MessageEvent<Broadcast>) => {
    if (data.to === "leader") lead?.(data.message);
    else if (data.message === "hello") sayAgain();
    else onMessage(data.message);
  });
  navigator.locks.request(LEADER_LOCK, () => {
    const hub = createHub((message) => {
      onMessage(message);
      channel.postMessage({ to: "pages", message } satisfies Broadcast);
    });
    lead = (message) => hub.receive(message);
    sayAgain();
    channel.postMessage({ to: "pages", message: "hello" } satisfies Broadcast);
    return new Promise<never>(() => {}); // The lock is held until the tab closes.
  });
  return (message) =>
    lead ? lead(message) : channel.postMessage({ to: "leader", message } satisfies Broadcast);
}

/** Held as long as the page lives, so that the worker learns of its end. Plain HTTP off loopback has no locks. */
function holdLock(client: string) {
  if (!("locks" in navigator)) return;
  navigator.locks.request(client, () => new Promise<never>(() => {}));
}
