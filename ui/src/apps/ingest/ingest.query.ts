/** What the ingest pages ask the server, and what they tell it. Keys are lists that start with "ingest". */
import {
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo } from "react";
import { api, newKey, type Page, type Run } from "../../api";
import { RUNS_KEY } from "../../runs/runs.query";
import { countExcluded } from "./steps.model";
import type {
  BrowseResult,
  Duplicates,
  IngestError,
  IngestFile,
  IngestParams,
  IngestRoot,
  IngestSession,
} from "./types";

/** Up to so many files are loaded and filtered in the page; beyond, the server filters. */
export const CLIENT_FILES = 20_000;
/** Files a request. */
const FILES_PAGE = 500;
/** Keys in one selection request, so that its body stays well below the server's limit. */
export const SELECTION_CHUNK = 500;
const ERROR_PAGE = 200;

export const ingestKeys = {
  all: ["ingest"] as const,
  roots: ["ingest", "roots"] as const,
  browse: (path: string) => ["ingest", "browse", path] as const,
  one: (run: string) => ["ingest", run, "session"] as const,
  files: (run: string) => ["ingest", run, "files"] as const,
  excluded: (run: string) => ["ingest", run, "excluded"] as const,
  duplicates: (run: string) => ["ingest", run, "duplicates"] as const,
  errors: (run: string) => ["ingest", run, "errors"] as const,
};

function base(run: string): string {
  return `/ingest/${encodeURIComponent(run)}`;
}

export function useRoots() {
  return useQuery({
    queryKey: ingestKeys.roots,
    queryFn: ({ signal }) => api.get<{ items: IngestRoot[] }>("/ingest/roots", undefined, signal),
    staleTime: 60_000,
  });
}

/** The folders below `path`; nothing is asked while it is `null`. */
export function useBrowse(path: string | null) {
  return useQuery({
    queryKey: ingestKeys.browse(path ?? ""),
    queryFn: ({ signal }) => api.get<BrowseResult>("/ingest/browse", { path }, signal),
    enabled: path !== null,
    staleTime: 30_000,
  });
}

/** Starts an ingest. Pressing twice, or again after a lost answer, starts one: the key belongs to what was typed. */
export function useStartIngest() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ params, key }: { params: IngestParams; key: string }) =>
      api.post<Run>("/ingest", params, { idempotencyKey: key }),
    onSuccess: () => client.invalidateQueries({ queryKey: RUNS_KEY }),
  });
}

export { newKey as newStartKey };

/** How often an ingest under way is asked for: its distinct keywords are counted on the server, and move by no event. */
const SESSION_REFRESH_MS = 3_000;

export function useIngest(run: string) {
  return useQuery({
    queryKey: ingestKeys.one(run),
    queryFn: ({ signal }) => api.get<IngestSession>(base(run), undefined, signal),
    refetchInterval: ({ state }) => (state.data?.phase === "processing" ? SESSION_REFRESH_MS : false),
  });
}

export interface FilesOptions {
  /** The server's filters; used only when there are too many files to filter here. */
  query: URLSearchParams;
  /** Load page after page without waiting for the list to be scrolled. */
  everything: boolean;
}

/** The files of an ingest, page by page. */
export function useIngestFiles(run: string, options: FilesOptions) {
  const query = options.everything ? "sort=name" : options.query.toString();
  const result = useInfiniteQuery({
    queryKey: [...ingestKeys.files(run), query],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<IngestFile>>(
        `${base(run)}/files`,
        { ...Object.fromEntries(new URLSearchParams(query)), limit: FILES_PAGE, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: 5_000,
  });
  const files = useMemo(() => result.data?.pages.flatMap((page) => page.items) ?? [], [result.data]);
  return { ...result, files };
}

/** How many processed files are excluded, counted over the excluded ones alone. */
export function useExcludedCount(run: string) {
  return useQuery({
    queryKey: ingestKeys.excluded(run),
    queryFn: async ({ signal }) => {
      let excluded = 0;
      let cursor: string | null = null;
      do {
        const page: Page<IngestFile> = await api.get<Page<IngestFile>>(
          `${base(run)}/files`,
          { excluded: true, limit: FILES_PAGE, cursor },
          signal,
        );
        excluded += countExcluded(page.items);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return excluded;
    },
  });
}

/** Files that were rejected or failed, all of them up to a bound. `version` changes when there may be others. */
export function useRejectedFiles(run: string, version: string) {
  return useQuery({
    queryKey: ["ingest", run, "rejected", version],
    queryFn: async ({ signal }) => {
      const page = await api.get<Page<IngestFile>>(
        `${base(run)}/files`,
        { state: "rejected,failed", sort: "name", limit: FILES_PAGE },
        signal,
      );
      return page.items;
    },
    placeholderData: (before) => before,
  });
}

export function useDuplicates(run: string) {
  return useQuery({
    queryKey: ingestKeys.duplicates(run),
    queryFn: ({ signal }) => api.get<Duplicates>(`${base(run)}/duplicates`, undefined, signal),
    staleTime: 5_000,
  });
}

export function useIngestErrors(run: string) {
  return useQuery({
    queryKey: ingestKeys.errors(run),
    queryFn: ({ signal }) => api.get<Page<IngestError>>(`${base(run)}/errors`, { limit: ERROR_PAGE }, signal),
  });
}

export interface SelectionChange {
  exclude: readonly string[];
  include: readonly string[];
}

/** Excludes and includes files. The page shows it at once and takes it back when the server refuses. */
export function useSelection(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (change: SelectionChange) => {
      for (const part of chunks(change)) await api.post<{ excluded: number }>(`${base(run)}/selection`, part);
    },
    onMutate: async (change) => {
      await client.cancelQueries({ queryKey: ingestKeys.files(run) });
      markExcluded(client, run, change);
    },
    onError: () => client.invalidateQueries({ queryKey: ingestKeys.files(run) }),
    onSettled: () => client.invalidateQueries({ queryKey: ingestKeys.excluded(run) }),
  });
}

/** Excludes all that a filter matches, where there are too many files to name them. */
export function useExcludeFilter(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (query: URLSearchParams) =>
      api.post<{ excluded: number }>(`${base(run)}/selection`, { exclude_filter: filterBody(query) }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["ingest", run] }),
  });
}

export function useCommit(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post<Run>(`${base(run)}/commit`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["ingest", run] }),
  });
}

export type RunAction = "pause" | "resume" | "cancel" | "retry";

export function useRunAction(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (action: RunAction) => api.post<Run>(`/runs/${encodeURIComponent(run)}/${action}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["ingest", run] }),
  });
}

/** The filter as JSON: what is a number or a yes in the query is one here too; the order does not matter. */
function filterBody(query: URLSearchParams): Record<string, string | number | boolean> {
  const body: Record<string, string | number | boolean> = {};
  for (const [name, value] of query) {
    if (name === "sort") continue;
    body[name] = name === "min_score" ? Number(value) : name === "excluded" ? value === "true" : value;
  }
  return body;
}

function chunks(change: SelectionChange): SelectionChange[] {
  const parts: SelectionChange[] = [];
  for (let at = 0; at < change.exclude.length; at += SELECTION_CHUNK) {
    parts.push({ exclude: change.exclude.slice(at, at + SELECTION_CHUNK), include: [] });
  }
  for (let at = 0; at < change.include.length; at += SELECTION_CHUNK) {
    parts.push({ exclude: [], include: change.include.slice(at, at + SELECTION_CHUNK) });
  }
  return parts;
}

function markExcluded(client: QueryClient, run: string, change: SelectionChange): void {
  const exclude = new Set(change.exclude);
  const include = new Set(change.include);
  client.setQueriesData<{ pages: Page<IngestFile>[]; pageParams: unknown[] }>(
    { queryKey: ingestKeys.files(run) },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({
          ...page,
          items: page.items.map((file) => {
            const excluded = exclude.has(file.key) || (file.excluded && !include.has(file.key));
            return excluded === file.excluded ? file : { ...file, excluded };
          }),
        })),
      },
  );
}
