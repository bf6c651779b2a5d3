/** What the backlog pages ask the server, and what they tell it. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  API_BASE,
  api,
  type BacklogAuthor,
  type BacklogItem,
  type BacklogParams,
  type BacklogSession,
  type DryRunItem,
  type Page,
  type Run,
  type WorkItem,
} from "../../api";
import { DELIVERIES_KEY } from "../../deliveries/deliveries.query";
import { RUNS_KEY } from "../../runs/runs.query";
import { offerRun } from "../../stream";

/** Items a request. */
const ITEMS_PAGE = 500;

export const backlogKeys = {
  one: (run: string) => ["backlog", run, "session"] as const,
  items: (run: string) => ["backlog", run, "items"] as const,
  dryRun: (run: string) => ["backlog", run, "dry-run"] as const,
};

function base(run: string): string {
  return `/backlog/${encodeURIComponent(run)}`;
}

export function useAuthors() {
  return useQuery({
    queryKey: ["backlog", "authors"],
    queryFn: ({ signal }) => api.get<Page<BacklogAuthor>>("/backlog/authors", undefined, signal),
    select: (page) => page.items,
    staleTime: 60_000,
  });
}

export function useStartBacklog() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ params, key }: { params: BacklogParams; key: string }) =>
      api.post<Run>("/backlog", params, { idempotencyKey: key }),
    onSuccess: () => client.invalidateQueries({ queryKey: RUNS_KEY }),
  });
}

export function useBacklog(run: string) {
  return useQuery({
    queryKey: backlogKeys.one(run),
    queryFn: ({ signal }) => api.get<BacklogSession>(base(run), undefined, signal),
  });
}

/** The whole tree, depth first: some thousand items at most. */
export function useBacklogItems(run: string) {
  return useQuery({
    queryKey: backlogKeys.items(run),
    queryFn: async ({ signal }) => {
      const items: BacklogItem[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<BacklogItem> = await api.get(
          `${base(run)}/items`,
          { limit: ITEMS_PAGE, cursor },
          signal,
        );
        items.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return items;
    },
  });
}

export interface ItemChange {
  key: string;
  item?: Partial<WorkItem>;
  excluded?: boolean;
}

/** Changes an item before it is sent; the answer takes its place in the tree. */
export function useChangeItem(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ key, ...change }: ItemChange) =>
      api.patch<BacklogItem>(`${base(run)}/items/${encodeURIComponent(key)}`, change),
    onSuccess: (changed) => {
      client.setQueryData<BacklogItem[]>(backlogKeys.items(run), (items) =>
        items?.map((item) => (item.key === changed.key ? changed : item)),
      );
      return client.invalidateQueries({ queryKey: backlogKeys.dryRun(run) });
    },
  });
}

export function useApprove(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post<Run>(`${base(run)}/approve`),
    onSuccess: (answer) => {
      if (answer) offerRun(answer);
      return client.invalidateQueries({ queryKey: backlogKeys.one(run) });
    },
  });
}

/** Stages edited items that are not delivered once more, under their own keys. */
export function useRestage(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (keys: readonly string[]) => api.post<{ staged: number }>(`${base(run)}/restage`, { keys }),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: backlogKeys.items(run) }),
        client.invalidateQueries({ queryKey: DELIVERIES_KEY }),
      ]),
  });
}

export function useDryRun(run: string) {
  return useInfiniteQuery({
    queryKey: backlogKeys.dryRun(run),
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<DryRunItem>>(`${base(run)}/dry-run`, { limit: 100, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    retry: false,
  });
}

export const EXPORT_FORMATS = ["csv", "json", "markdown"] as const;

/** Where an export is downloaded. */
export function exportUrl(run: string, format: (typeof EXPORT_FORMATS)[number]): string {
  return `${API_BASE}${base(run)}/export?format=${format}`;
}
