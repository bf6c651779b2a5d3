/** The shapes of deliveries, destinations and secrets, as the HTTP contract names them. */
import type { Json, JsonObject, TaskError } from "./wire";

export type DeliveryState = "pending" | "leased" | "done" | "retry" | "unknown" | "dead" | "blocked";

/** What a delivery became at its destination. */
export interface Remote {
  id: string;
  url: string | null;
}

export interface Delivery {
  id: string;
  run: string;
  key: string;
  /** What the destination makes of it, such as `epic`. */
  kind: string;
  level: number;
  title: string;
  destination: string;
  state: DeliveryState;
  /** Failures through its own fault; what the retry limit counts. */
  attempts: number;
  /** How often it was sent at all. */
  sent: number;
  parent: string | null;
  order_key: string | null;
  remote: Remote | null;
  error: TaskError | null;
  blocked_by: { key: string; title: string; state: DeliveryState } | null;
  staged_at: number;
  due_at: number;
  changed_at: number;
}

/** One delivery asked for alone. */
export interface DeliveryDetail extends Delivery {
  payload: Json;
  parent_remote: Remote | null;
}

/** Exactly what would be sent; secrets are masked. */
export interface Preview {
  method: string;
  url: string;
  headers: [name: string, value: string][];
  body: Json;
}

export interface DeliverySummary {
  by_state: Partial<Record<DeliveryState, number>>;
  by_destination: { destination: string; by_state: Partial<Record<DeliveryState, number>> }[];
  by_reason: { destination: string; code: string; message: string; count: number; state: DeliveryState }[];
}

/** Which of the dead ones go again; all that is given must hold. */
export interface ReplayRequest {
  ids?: string[];
  run?: string;
  destination?: string;
  subtree_of?: string;
  from?: number;
  to?: number;
  dry_run: boolean;
}

export interface ReplayAnswer {
  matched: number;
  replayed: number;
  /** At most 100. */
  sample: Delivery[];
}

export type DestinationKind = "azure_devops" | "github" | "webhook" | "files";

export interface Destination {
  name: string;
  kind: DestinationKind;
  settings: JsonObject;
  /** Name of the secret it signs in with. */
  credential: string | null;
  guarantee: "exactly_once_effect" | "at_least_once" | null;
  paused: { code: string; reason: string; at: number } | null;
  breaker: {
    state: "closed" | "open" | "half_open";
    failures: number;
    reason: string | null;
    until: number | null;
  };
  limiter: {
    rate_per_s: number | null;
    in_flight: number;
    parallel: number;
    paused_until: number | null;
    remaining: number | null;
  };
  counts: Partial<Record<DeliveryState, number>>;
  oldest_undelivered_at: number | null;
  delivered_per_s: number;
  /** Why the settings make no connector. */
  problem: TaskError | null;
}

export interface NewDestination {
  name: string;
  kind: DestinationKind;
  settings: JsonObject;
  credential?: string;
  /** Write-only. */
  secret?: string;
}

export interface DestinationTest {
  ok: boolean;
  message: string;
  error: TaskError | null;
}

export interface Secret {
  name: string;
  created_at: number;
  changed_at: number;
  used_by: string[];
}
