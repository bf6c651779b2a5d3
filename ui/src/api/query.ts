import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ProblemError } from "./problem";

/** Called for every error that a query or mutation ends with; the app signs out on 401. */
export type ErrorListener = (error: unknown) => void;

/** The cache of server state. Nothing polls: the stream says what changed, and pages refetch by key. */
export function createQueryClient(onError: ErrorListener): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        refetchOnWindowFocus: true,
        retry: (count, error) => count < 2 && isTransient(error),
        retryDelay: (attempt) => Math.random() * Math.min(8000, 500 * 2 ** attempt),
      },
      mutations: { retry: false },
    },
  });
}

/** No answer, 429 or 5xx: worth asking again. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}
