import { useMutation, useQuery } from "@tanstack/react-query";
import { api, type Hardware, type Limit, type Nodes } from "../api";
import { offerLimit } from "../stream";

/** Hardware, heartbeats and the use of limits have no events: they are asked for while the page is open and seen. */
export const REFRESH_MS = 5_000;

export function useHardware() {
  return useQuery({
    queryKey: ["hardware"],
    queryFn: ({ signal }) => api.get<Hardware>("/hardware", undefined, signal),
    refetchInterval: REFRESH_MS,
  });
}

export function useNodes() {
  return useQuery({
    queryKey: ["nodes"],
    queryFn: ({ signal }) => api.get<Nodes>("/nodes", undefined, signal),
    refetchInterval: REFRESH_MS,
  });
}

/** Pins a limit to a number, or hands it back to the machine with null. */
export function usePin() {
  return useMutation({
    mutationFn: ({ name, pinned }: { name: string; pinned: number | null }) =>
      api.put<Limit>(`/limits/${encodeURIComponent(name)}`, { pinned }),
    onSuccess: offerLimit,
  });
}
