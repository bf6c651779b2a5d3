import { useQueryClient } from "@tanstack/react-query";
import type { DeliverySummary } from "../../api";
import { useCalmly } from "../../stream";
import { listKey } from "../deliveries.query";
import type { DeliveryFilter } from "../filters.model";

const CALM_MS = 1_000;
/** Beyond so many pages the list stands still; loading them all again would cost more than it shows. */
const REFRESHED_PAGES = 3;

/** Fetches the list again when the counts have changed (equal answers keep their identity). */
export function useFreshList(
  filter: DeliveryFilter,
  summary: DeliverySummary | undefined,
  pages: number,
): void {
  const client = useQueryClient();
  useCalmly(summary, CALM_MS, () => {
    if (pages > 0 && pages <= REFRESHED_PAGES) client.invalidateQueries({ queryKey: listKey(filter) });
  });
}
