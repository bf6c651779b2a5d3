import type { Event, ItemProgress, Limit, Progress, Run, RunState } from "../api/wire";
import type { Frame } from "./protocol";
import type { SseMessage } from "./sse";

/** A message as the hub sees it: for pages, or for itself. */
export type Decoded =
  | { type: "frame"; frame: Frame }
  | { type: "heartbeat"; head: number | null }
  | { type: "bye"; retryMs: number | null }
  | { type: "ignored" };

/** Thrown for a message that breaks the protocol; the hub then starts over from a snapshot. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** Reads one message. Unknown kinds are ignored, so that an older page outlives a newer server. */
export function decode(message: SseMessage): Decoded {
  if (!KINDS.has(message.event)) return { type: "ignored" };
  const data = parse(message);
  switch (message.event) {
    case "snapshot":
      return { type: "frame", frame: snapshot(data) };
    case "event":
      need(data, "event", "run_seq", "number");
      return { type: "frame", frame: { kind: "event", event: trusted<Event>(data) } };
    case "progress":
      return { type: "frame", frame: progress(data) };
    case "reset":
      return { type: "frame", frame: { kind: "reset", reason: String(data.reason ?? "unknown") } };
    case "end":
      need(data, "end", "run", "string");
      return {
        type: "frame",
        frame: { kind: "end", run: String(data.run), state: trusted<RunState>(data.state) },
      };
    case "hb":
      return { type: "heartbeat", head: typeof data.head === "number" ? data.head : null };
    case "bye":
      return { type: "bye", retryMs: typeof data.retry_ms === "number" ? data.retry_ms : null };
    default:
      return { type: "ignored" };
  }
}

/** The number behind the epoch of `<epoch>.<feed_seq>`. */
export function cursorSeq(cursor: string): number | null {
  const seq = Number(cursor.slice(cursor.lastIndexOf(".") + 1));
  return Number.isFinite(seq) ? seq : null;
}

const KINDS: ReadonlySet<string> = new Set(["snapshot", "event", "progress", "reset", "end", "hb", "bye"]);

type Data = Record<string, unknown>;

function parse(message: SseMessage): Data {
  let data: unknown;
  try {
    data = JSON.parse(message.data);
  } catch (error) {
    throw new ProtocolError(`the stream's ${message.event} is not JSON`, { cause: error });
  }
  if (typeof data !== "object" || data === null)
    throw new ProtocolError(`the stream's ${message.event} is no object`);
  return trusted<Data>(data);
}

/** The server's word for the rest of the shape: it is the same build's contract, and every page checks its own needs. */
function trusted<T>(value: unknown): T {
  return value as T;
}

function need(data: Data, event: string, key: string, type: "number" | "string") {
  if (typeof data[key] !== type) throw new ProtocolError(`the stream's ${event} has no ${key}`);
}

function snapshot(data: Data): Frame {
  const one = data.run;
  const runs = Array.isArray(data.runs) ? data.runs : one === undefined || one === null ? [] : [one];
  return {
    kind: "snapshot",
    runs: trusted<Run[]>(runs),
    limits: Array.isArray(data.limits) ? trusted<Limit[]>(data.limits) : null,
  };
}

function progress(data: Data): Frame {
  need(data, "progress", "run", "string");
  if (typeof data.item === "string") return { kind: "item", item: trusted<ItemProgress>(data) };
  need(data, "progress", "from", "number");
  need(data, "progress", "to", "number");
  return { kind: "progress", progress: trusted<Progress>(data), source: "stream" };
}
