import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  api,
  type Destination,
  type DestinationTest,
  type NewDestination,
  type Page,
  type Secret,
} from "../../api";

export const DESTINATIONS_KEY = ["destinations"] as const;
const SECRETS_KEY = ["secrets"] as const;

function path(name: string): string {
  return `/destinations/${encodeURIComponent(name)}`;
}

/** All destinations. `refreshMs`: limiter, rate and age have no events and are asked for while they are shown. */
export function useDestinations(refreshMs: number | false = false) {
  return useQuery({
    queryKey: DESTINATIONS_KEY,
    queryFn: ({ signal }) => api.get<Page<Destination>>("/destinations", undefined, signal),
    select: (page) => page.items,
    refetchInterval: refreshMs,
  });
}

/** Adds one, or changes the one with this name. */
export function useSaveDestination() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ existing, body }: { existing: boolean; body: NewDestination }) => {
      const { name, ...rest } = body;
      return existing ? api.put<Destination>(path(name), rest) : api.post<Destination>("/destinations", body);
    },
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: DESTINATIONS_KEY }),
        client.invalidateQueries({ queryKey: SECRETS_KEY }),
      ]),
  });
}

export function useDeleteDestination() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => api.delete(path(name)),
    onSuccess: () => client.invalidateQueries({ queryKey: DESTINATIONS_KEY }),
  });
}

/** Pauses (with a reason) or resumes. */
export function useDestinationVerb() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, verb, reason }: { name: string; verb: "pause" | "resume"; reason?: string }) =>
      api.post(`${path(name)}/${verb}`, reason ? { reason } : {}),
    onSettled: () => client.invalidateQueries({ queryKey: DESTINATIONS_KEY }),
  });
}

/** Asks the destination whether it answers and lets us in; changes nothing there. */
export function useTestDestination() {
  return useMutation({ mutationFn: (name: string) => api.post<DestinationTest>(`${path(name)}/test`) });
}

export function useSecrets() {
  return useQuery({
    queryKey: SECRETS_KEY,
    queryFn: ({ signal }) => api.get<Page<Secret>>("/secrets", undefined, signal),
    select: (page) => page.items,
  });
}

export function useSaveSecret() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, value }: { name: string; value: string }) =>
      api.put(`/secrets/${encodeURIComponent(name)}`, { value }),
    onSuccess: () => client.invalidateQueries({ queryKey: SECRETS_KEY }),
  });
}

export function useDeleteSecret() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => api.delete(`/secrets/${encodeURIComponent(name)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: SECRETS_KEY }),
  });
}
