import { ProblemError, readProblem } from "./problem";

/** Values of a query string; null, undefined, "" and empty lists are left out; a list repeats its key. */
export type Query = Record<
  string,
  string | number | boolean | null | undefined | readonly (string | number)[]
>;

export interface RequestOptions {
  query?: Query | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** POSTs carry a key of their own; give one to repeat a request that may have been heard. */
  idempotencyKey?: string | undefined;
}

export const API_BASE = "/api/v1";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request to `/api/v1<path>`. Rejects with {@link ProblemError}; an abort rejects with the abort's reason. */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  // Says that a page of ours asks: a foreign page cannot set it without being allowed to.
  if (method !== "GET") headers["x-headway"] = "1";
  if (method === "POST") headers["idempotency-key"] = options.idempotencyKey ?? newKey();
  let response: Response;
  try {
    response = await fetch(`${API_BASE}${path}${queryString(options.query)}`, init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ProblemError(
      {
        status: 0,
        title: "No answer",
        code: "unreachable",
        detail:
          "The server cannot be reached. Check that Headway is running and that you are online; nothing was changed by this page.",
        fields: [],
      },
      { cause: error },
    );
  }
  if (!response.ok) throw await readProblem(response);
  if (response.status === 204 || response.headers.get("content-length") === "0") return undefined as T;
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** The verbs, with the answer's type given by the caller from `wire.ts`. */
export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>("GET", path, { query, signal }),
  post: <T>(path: string, body?: unknown, options?: RequestOptions) =>
    request<T>("POST", path, { ...options, body: body ?? {} }),
  put: <T>(path: string, body: unknown) => request<T>("PUT", path, { body }),
  patch: <T>(path: string, body: unknown) => request<T>("PATCH", path, { body }),
  delete: <T>(path: string) => request<T>("DELETE", path),
};

/** `?a=1&b=2&b=3`, or "" when nothing is left. */
export function queryString(query: Query | undefined): string {
  if (!query) return "";
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    if (typeof value === "object") {
      for (const item of value) params.append(key, String(item));
    } else {
      params.append(key, String(value));
    }
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** A random key; plain HTTP off loopback has no `crypto.randomUUID`. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
