/** A delivery and a destination for tests. */
import type { Delivery, Destination } from "../api";

export function sampleDelivery(change: Partial<Delivery> = {}): Delivery {
  return {
    id: "1",
    run: "0000000000001",
    key: "e1",
    kind: "epic",
    level: 0,
    title: "An epic",
    destination: "tracker",
    state: "pending",
    attempts: 0,
    sent: 0,
    parent: null,
    order_key: null,
    remote: null,
    error: null,
    blocked_by: null,
    staged_at: 0,
    due_at: 0,
    changed_at: 0,
    ...change,
  };
}

export function sampleDestination(change: Partial<Destination> = {}): Destination {
  return {
    name: "tracker",
    kind: "azure_devops",
    settings: { organization: "o", project: "p" },
    credential: "tracker",
    guarantee: "exactly_once_effect",
    paused: null,
    breaker: { state: "closed", failures: 0, reason: null, until: null },
    limiter: { rate_per_s: null, in_flight: 0, parallel: 4, paused_until: null, remaining: null },
    counts: {},
    oldest_undelivered_at: null,
    delivered_per_s: 0,
    problem: null,
    ...change,
  };
}
