import type { Event, ItemProgress, Limit, Progress, Run, RunState, RunSummary } from "../api/wire";
import type { Connection } from "./connection";

/** What more than single runs can be followed. */
export type Channel = "runs" | "limits" | "library";

/** What one page follows. */
export interface Subscription {
  runs: readonly string[];
  channels: readonly Channel[];
}

/** What the stream (or polling) brought, in the order in which it came. */
export type Frame =
  | { kind: "snapshot"; runs: (Run | RunSummary)[]; limits: Limit[] | null }
  | { kind: "event"; event: Event }
  /** `poll`: asked for, so its range says nothing about what is missing. */
  | { kind: "progress"; progress: Progress; source: "stream" | "poll" }
  | { kind: "item"; item: ItemProgress }
  /** History was lost or the epoch changed: forget what was counted; a snapshot follows. */
  | { kind: "reset"; reason: string }
  | { kind: "end"; run: string; state: RunState };

export type Streams = "on" | "off";

/** From a page to the hub. */
export type ToHub =
  | { type: "subscribe"; client: string; subscription: Subscription }
  | { type: "leave"; client: string }
  /** Whether the server has streams at all; without, everything is asked for. */
  | { type: "streams"; streams: Streams }
  /** Try at once: the page was shown again, the network came back, or somebody signed in. */
  | { type: "wake" };

/** From the hub to every page. */
export type FromHub = { type: "frames"; frames: Frame[] } | { type: "connection"; connection: Connection };
