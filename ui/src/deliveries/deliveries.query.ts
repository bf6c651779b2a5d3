/** What the pages ask of the outbox. Every key starts with "deliveries" or "destinations". */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import {
  api,
  type Delivery,
  type DeliveryDetail,
  type DeliverySummary,
  type Page,
  type Preview,
  type ReplayAnswer,
  type ReplayRequest,
} from "../api";
import { type DeliveryFilter, filterQuery } from "./filters.model";

export const DELIVERIES_KEY = ["deliveries"] as const;
const PAGE_SIZE = 200;

export function listKey(filter: DeliveryFilter) {
  return [...DELIVERIES_KEY, "list", filter] as const;
}

export function useDeliveryPages(filter: DeliveryFilter) {
  return useInfiniteQuery({
    queryKey: listKey(filter),
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Delivery>>(
        "/deliveries",
        { ...filterQuery(filter), limit: PAGE_SIZE, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** Counts by state, destination and reason. `refreshMs`: asked for again and again; false stands still. */
export function useDeliverySummary(
  of: { run: string; destination: string },
  refreshMs: number | false = false,
) {
  return useQuery({
    queryKey: [...DELIVERIES_KEY, "summary", of],
    queryFn: ({ signal }) => api.get<DeliverySummary>("/deliveries/summary", of, signal),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs,
  });
}

export function useDelivery(id: string) {
  return useQuery({
    queryKey: [...DELIVERIES_KEY, "one", id],
    queryFn: ({ signal }) =>
      api.get<DeliveryDetail>(`/deliveries/${encodeURIComponent(id)}`, undefined, signal),
  });
}

/** Exactly what would be sent. */
export function usePreview(id: string) {
  return useQuery({
    queryKey: [...DELIVERIES_KEY, "preview", id],
    queryFn: ({ signal }) =>
      api.get<Preview>(`/deliveries/${encodeURIComponent(id)}/preview`, undefined, signal),
    retry: false,
  });
}

/** Replays, or says what a replay would do. What is not named, in no way at all, is refused by the server. */
export function useReplay() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: ReplayRequest) => api.post<ReplayAnswer>("/deliveries/replay", request),
    onSuccess: (_, { dry_run }) =>
      dry_run ? undefined : client.invalidateQueries({ queryKey: DELIVERIES_KEY }),
  });
}
