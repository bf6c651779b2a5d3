import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { BacklogItem, BacklogSession, DeliveryState, Event, ItemDelivery, RunSummary } from "../../api";
import { type Connection, useCalmly, useEvents, useRun } from "../../stream";
import { backlogKeys, useBacklog, useBacklogItems } from "./backlog.query";
import { writtenItems } from "./tree.model";

const SESSION_MS = 1_500;
/** The tree is fetched again at most so often while it grows or is sent, and less often the larger it is. */
const ITEMS_MS = 2_000;
const AN_ITEM_MS = 3;

/** One backlog as it stands: its figures and tree fetched again as the stream says that they have changed. */
export interface LiveBacklog {
  session: BacklogSession | null;
  run: RunSummary | null;
  /** Null until they are there. */
  items: readonly BacklogItem[] | null;
  connection: Connection;
  error: unknown;
  refetch: () => void;
}

export function useLiveBacklog(id: string): LiveBacklog {
  const client = useQueryClient();
  const session = useBacklog(id);
  const items = useBacklogItems(id);
  const live = useRun(id);
  const run = live.view?.run ?? session.data?.run ?? null;
  const written = run === null ? 0 : writtenItems(run);
  const sent = run?.deliveries;
  const moved = `${written} ${run?.state} ${sent?.staged} ${sent?.done} ${sent?.dead} ${run?.counters.cost_micro_usd}`;
  useCalmly(moved, SESSION_MS, () => client.invalidateQueries({ queryKey: backlogKeys.one(id) }));
  // What arrives has no event of its own on a stream: figures say that something did.
  const calmMs = ITEMS_MS + AN_ITEM_MS * (items.data?.length ?? 0);
  useCalmly(`${written} ${run?.state} ${sent?.staged} ${sent?.done}`, calmMs, () =>
    client.invalidateQueries({ queryKey: backlogKeys.items(id) }),
  );
  useEvents(
    id,
    useCallback(
      (events: readonly Event[]) => {
        const changes = new Map<string, Partial<ItemDelivery>>();
        for (const event of events) {
          if (event.kind === "delivery.replayed") {
            client.invalidateQueries({ queryKey: backlogKeys.items(id) });
            continue;
          }
          const change = deliveryChange(event);
          if (change !== null) changes.set(change.key, { ...changes.get(change.key), ...change.delivery });
        }
        if (changes.size === 0) return;
        client.setQueryData<BacklogItem[]>(backlogKeys.items(id), (before) =>
          before?.map((item) => withChange(item, changes.get(item.key))),
        );
      },
      [client, id],
    ),
  );
  const { refetch: refetchSession } = session;
  const { refetch: refetchItems } = items;
  return {
    session: session.data ?? null,
    run,
    items: items.data ?? null,
    connection: live.connection,
    error: session.error ?? items.error ?? live.error,
    refetch: useCallback(() => {
      refetchSession();
      refetchItems();
    }, [refetchSession, refetchItems]),
  };
}

/** What a fact says of one item's delivery. */
export function deliveryChange({
  kind,
  data,
}: Event): { key: string; delivery: Partial<ItemDelivery> } | null {
  const { key } = data;
  if (typeof key !== "string") return null;
  switch (kind) {
    case "delivery.done":
      return {
        key,
        delivery: {
          state: "done",
          error: null,
          remote: shape<ItemDelivery["remote"]>(data.remote),
          ...(typeof data.attempts === "number" ? { attempts: data.attempts } : {}),
        },
      };
    case "delivery.retrying":
      return {
        key,
        delivery: {
          state: shape<DeliveryState>(data.state) ?? "retry",
          error: shape<ItemDelivery["error"]>(data.error),
        },
      };
    case "delivery.dead":
      return { key, delivery: { state: "dead", error: shape<ItemDelivery["error"]>(data.error) } };
    default:
      return null;
  }
}

function withChange(item: BacklogItem, change: Partial<ItemDelivery> | undefined): BacklogItem {
  // A fact of something whose delivery is not known here comes again with the tree.
  return change === undefined || item.delivery === null
    ? item
    : { ...item, delivery: { ...item.delivery, ...change } };
}

/** The same build's contract says the shape. */
function shape<T>(value: unknown): T {
  return (value ?? null) as T;
}
