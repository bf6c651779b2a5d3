import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ProblemError, type Session } from "../api";
import { setStreams } from "../stream";

export const SESSION_KEY = ["session"] as const;

/** One-time code, with a password for the next time if wanted; or name and password. */
export type Credentials = { code: string; password?: string } | { user: string; password: string };

/** Who is signed in; null when nobody is. */
export function useSession() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: ({ signal }) => readSession(signal), staleTime: 60_000 });
}

async function readSession(signal: AbortSignal): Promise<Session | null> {
  try {
    const session = await api.get<Session>("/session", undefined, signal);
    // Before any page follows anything: a server without streams is not asked for one.
    setStreams(session.features.sse === false ? "off" : "on");
    return session;
  } catch (error) {
    if (error instanceof ProblemError && error.status === 401) return null;
    throw error;
  }
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: Credentials) => api.post("/session", credentials),
    onSuccess: () => client.resetQueries(),
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.delete("/session"),
    onSuccess: () => client.setQueryData(SESSION_KEY, null),
  });
}

/** Whether the signed-in user may do something; `resource:action`, `*` and `resource:*` count. */
export function may(session: Session | null | undefined, permission: string): boolean {
  if (!session) return false;
  const [resource] = permission.split(":");
  return session.permissions.some(
    (given) => given === permission || given === "*" || given === "*:*" || given === `${resource}:*`,
  );
}
