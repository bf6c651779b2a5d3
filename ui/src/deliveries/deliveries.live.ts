import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import type { Event } from "../api";
import { useCalm, useConnection, useDeliveriesVersion, useEvents, useFollowRuns } from "../stream";
import { DELIVERIES_KEY } from "./deliveries.query";
import { DESTINATIONS_KEY } from "./destinations/destinations.query";

/** Between two looks at the server while facts arrive. */
const CALM_MS = 1_000;
/** Between two looks while something is under way that this page has no stream of. */
const LOOK_MS = 5_000;
const POLL_MS = 3_000;

/** How often to look at the server besides the stream; false for not at all. */
export function useLookMs(unsettled: number): number | false {
  const { state } = useConnection();
  if (unsettled === 0) return false;
  return state === "live" ? LOOK_MS : POLL_MS;
}

/**
 * Fetches what is shown anew when deliveries move: by the figures of one run or of all (""), since what arrives has no
 * event of its own on a stream, and by the facts of the followed runs and of destinations.
 */
export function useDeliveryFacts(run: string, runs: readonly string[]): void {
  const client = useQueryClient();
  useFollowRuns(runs);
  const refresh = useCalm(CALM_MS, () => {
    client.invalidateQueries({ queryKey: DELIVERIES_KEY });
    client.invalidateQueries({ queryKey: DESTINATIONS_KEY });
  });
  const version = useDeliveriesVersion(run);
  const last = useRef(version);
  useEffect(() => {
    if (last.current === version) return;
    last.current = version;
    refresh();
  }, [version, refresh]);
  useEvents(
    null,
    useCallback(
      (events: readonly Event[]) => {
        if (events.some(({ kind }) => DELIVERY_FACT.test(kind))) refresh();
      },
      [refresh],
    ),
  );
}

const DELIVERY_FACT = /^(delivery|destination|breaker)\./;
