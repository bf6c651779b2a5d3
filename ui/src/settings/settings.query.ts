/** What the settings pages ask the server, and what they tell it. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import {
  type AuditEntry,
  api,
  type Backup,
  type CreatedToken,
  type Json,
  type JsonObject,
  newKey,
  type Page,
  type Pipeline,
  type Schedule,
  type Token,
} from "../api";
import type { AuditFilters } from "./audit.model";

const AUDIT_PAGE = 200;

export const settingsKeys = {
  tokens: ["settings", "tokens"] as const,
  schedules: ["settings", "schedules"] as const,
  pipelines: ["pipelines"] as const,
  config: ["settings", "config"] as const,
  audit: (filters: AuditFilters) => ["settings", "audit", filters] as const,
};

export interface NewToken {
  name: string;
  expires_at: number | null;
  scopes: string[];
}

export interface NewSchedule {
  name: string;
  cron: string;
  timezone: string;
  pipeline: string;
  input: Json;
  enabled: boolean;
}

export function useTokens() {
  return useQuery({
    queryKey: settingsKeys.tokens,
    queryFn: ({ signal }) => api.get<Page<Token>>("/tokens", undefined, signal),
  });
}

export function useCreateToken() {
  const client = useQueryClient();
  return useMutation({
    // The answer holds the secret: it is taken out of the cache as soon as nothing shows it.
    gcTime: 0,
    mutationFn: (token: NewToken) => api.post<CreatedToken>("/tokens", token, { idempotencyKey: newKey() }),
    onSuccess: () => client.invalidateQueries({ queryKey: settingsKeys.tokens }),
  });
}

export function useRevokeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`/tokens/${encodeURIComponent(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: settingsKeys.tokens }),
  });
}

export function useConfig() {
  return useQuery({
    queryKey: settingsKeys.config,
    queryFn: ({ signal }) => api.get<JsonObject>("/settings", undefined, signal),
    staleTime: 60_000,
  });
}

export function useSchedules() {
  return useQuery({
    queryKey: settingsKeys.schedules,
    queryFn: ({ signal }) => api.get<Page<Schedule>>("/schedules", undefined, signal),
  });
}

export function usePipelines() {
  return useQuery({
    queryKey: settingsKeys.pipelines,
    queryFn: ({ signal }) => api.get<Page<Pipeline> | Pipeline[]>("/pipelines", undefined, signal),
    select: (answer) => (Array.isArray(answer) ? answer : answer.items),
    staleTime: 60_000,
  });
}

export function useCreateSchedule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (schedule: NewSchedule) => api.post<Schedule>("/schedules", schedule),
    onSuccess: () => client.invalidateQueries({ queryKey: settingsKeys.schedules }),
  });
}

export function useToggleSchedule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, enabled }: { id: string; enabled: boolean }) =>
      api.patch<Schedule>(`/schedules/${encodeURIComponent(id)}`, { enabled }),
    onSettled: () => client.invalidateQueries({ queryKey: settingsKeys.schedules }),
  });
}

export function useDeleteSchedule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`/schedules/${encodeURIComponent(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: settingsKeys.schedules }),
  });
}

export function useBackup() {
  return useMutation({ mutationFn: () => api.post<Backup>("/backup") });
}

/** What a check of the audit log's chain of hashes found. */
export interface AuditCheck {
  intact: boolean;
  rows: number;
  /** The first entry that does not follow from the one before. */
  broken_at: number | null;
}

export function useAuditCheck() {
  return useMutation({ mutationFn: () => api.get<AuditCheck>("/audit/verify") });
}

export function useAudit(filters: AuditFilters) {
  const result = useInfiniteQuery({
    queryKey: settingsKeys.audit(filters),
    queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) =>
      api.get<Page<AuditEntry>>("/audit", { ...filters, limit: AUDIT_PAGE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page<AuditEntry>) => last.next_cursor,
  });
  const entries = useMemo(() => result.data?.pages.flatMap((page) => page.items) ?? [], [result.data]);
  return { ...result, entries };
}
