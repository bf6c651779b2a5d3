/** What the library pages ask the server. A rating shows at once everywhere and is taken back when refused. */
import {
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type Facets, type MediaFile, type MediaPage } from "../../api";
import { filterMedia, indexMedia, type LibraryFilters, libraryQuery } from "./library.filters.model";
import { applyRating, type Rating, ratingBody } from "./rating.model";

/** Files a request. */
const LIBRARY_PAGE = 200;
/** Files in one bulk request. */
export const BULK_CHUNK = 500;

export const libraryKeys = {
  lists: ["library", "list"] as const,
  list: (filters: LibraryFilters) => ["library", "list", filters] as const,
  facets: (filters: LibraryFilters) => ["library", "facets", filters] as const,
  one: (id: string) => ["library", "file", id] as const,
};

interface Pages {
  pages: MediaPage[];
  pageParams: (string | null)[];
}

/**
 * The library under the given filters. Until the server has answered, the files that earlier answers brought are
 * filtered here and shown, so that a filter takes effect at once.
 */
export function useLibrary(filters: LibraryFilters) {
  const client = useQueryClient();
  const result = useInfiniteQuery({
    queryKey: libraryKeys.list(filters),
    queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) =>
      api.get<MediaPage>(
        "/library",
        { ...libraryQuery(filters), limit: LIBRARY_PAGE, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last: MediaPage) => last.next_cursor,
    placeholderData: () => guess(client, filters),
  });
  const files = useMemo(() => result.data?.pages.flatMap((page) => page.items) ?? [], [result.data]);
  const total = result.data?.pages[0]?.total ?? 0;
  return { ...result, files, total };
}

export function useFacets(filters: LibraryFilters) {
  return useQuery({
    queryKey: libraryKeys.facets(filters),
    queryFn: ({ signal }) =>
      api.get<Facets>("/library/facets", { ...libraryQuery(filters), sort: "" }, signal),
    placeholderData: (before) => before,
  });
}

/** One file; what a list already brought is shown until the answer is in. */
export function useMedia(id: string) {
  const client = useQueryClient();
  return useQuery({
    queryKey: libraryKeys.one(id),
    queryFn: ({ signal }) => api.get<MediaFile>(`/library/${encodeURIComponent(id)}`, undefined, signal),
    placeholderData: () => known(client).get(id),
  });
}

/** The ids around a file in the list it was opened from, when that list is still here. */
export function useNeighbours(
  id: string,
  filters: LibraryFilters,
): { previous: string | null; next: string | null } {
  const client = useQueryClient();
  const pages = client.getQueryData<Pages>(libraryKeys.list(filters));
  const ids = pages?.pages.flatMap((page) => page.items.map((file) => file.id)) ?? [];
  const at = ids.indexOf(id);
  return { previous: ids[at - 1] ?? null, next: at < 0 ? null : (ids[at + 1] ?? null) };
}

export interface RateFiles {
  ids: readonly string[];
  rating: Rating;
}

/** Rates one file or many. Before the answer, all lists and pages show the new rating. */
export function useRate() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ ids, rating }: RateFiles) => {
      const [only] = ids;
      if (ids.length === 1 && only !== undefined) {
        await api.patch<MediaFile>(`/library/${encodeURIComponent(only)}`, ratingBody(rating));
        return;
      }
      for (let at = 0; at < ids.length; at += BULK_CHUNK) {
        await api.post("/library/bulk", { ids: ids.slice(at, at + BULK_CHUNK), ...ratingBody(rating) });
      }
    },
    onMutate: async ({ ids, rating }) => {
      await client.cancelQueries({ queryKey: libraryKeys.lists });
      show(client, new Set(ids), rating);
    },
    onError: () => client.invalidateQueries({ queryKey: ["library"] }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["library", "facets"] }),
  });
}

function show(client: QueryClient, ids: ReadonlySet<string>, rating: Rating): void {
  const rate = (file: MediaFile) => (ids.has(file.id) ? applyRating(file, rating) : file);
  client.setQueriesData<Pages>(
    { queryKey: libraryKeys.lists },
    (data) =>
      data && { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map(rate) })) },
  );
  for (const id of ids) client.setQueryData<MediaFile>(libraryKeys.one(id), (file) => file && rate(file));
}

/** Every file that some list holds, by id. */
function known(client: QueryClient): Map<string, MediaFile> {
  const files = new Map<string, MediaFile>();
  for (const [, data] of client.getQueriesData<Pages>({ queryKey: libraryKeys.lists })) {
    for (const page of data?.pages ?? []) for (const file of page.items) files.set(file.id, file);
  }
  return files;
}

function guess(client: QueryClient, filters: LibraryFilters): Pages | undefined {
  const files = [...known(client).values()];
  if (files.length === 0) return undefined;
  const items = filterMedia(indexMedia(files), filters);
  return { pages: [{ items, next_cursor: null, total: items.length }], pageParams: [null] };
}
