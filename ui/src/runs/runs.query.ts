import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  api,
  type ErrorGroup,
  type Page,
  type Query,
  type Run,
  type RunSummary,
  type Task,
  type Timeline,
} from "../api";
import { offerRun } from "../stream";

export const RUNS_KEY = ["runs"] as const;
const PAGE_SIZE = 100;

/** The list of runs that pass a filter, newest first, page by page. */
export function useRunPages(filter: Query) {
  return useInfiniteQuery({
    queryKey: [...RUNS_KEY, filter],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<RunSummary>>("/runs", { ...filter, limit: PAGE_SIZE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
  });
}

/** What somebody can do to a run by pressing a button. */
export type RunVerb = "pause" | "resume" | "cancel" | "retry" | "retry-from" | "rerun";

export interface RunCommand {
  id: string;
  verb: RunVerb;
  body?: { reason?: string; stage?: string; keys?: string[] };
}

/** Sends a verb; the answer's run goes into the picture at once. */
export function useRunCommand() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, verb, body }: RunCommand) =>
      api.post<Run>(`/runs/${encodeURIComponent(id)}/${verb}`, body),
    onSuccess: (run) => {
      if (run) offerRun(run);
      return client.invalidateQueries({ queryKey: RUNS_KEY });
    },
  });
}

export function useSignal(id: string) {
  return useMutation({
    mutationFn: ({ name, stage }: { name: string; stage: string }) =>
      api.post(`/runs/${encodeURIComponent(id)}/signals/${encodeURIComponent(name)}`, { stage }),
  });
}

/** Failed tasks of a run, grouped by cause. `version` changes when there may be new ones. */
export function useErrorGroups(id: string, version: number) {
  return useQuery({
    queryKey: ["run-errors", id, version],
    queryFn: ({ signal }) =>
      api.get<ErrorGroup[] | Page<ErrorGroup>>(`/runs/${encodeURIComponent(id)}/errors`, undefined, signal),
    select: (answer) => (Array.isArray(answer) ? answer : answer.items),
    placeholderData: (before) => before,
    enabled: version > 0,
  });
}

export interface TaskFilter {
  stage: string;
  state: string;
  q: string;
}

export function tasksKey(id: string, filter: TaskFilter) {
  return ["run-tasks", id, filter] as const;
}

export function useTasks(id: string, filter: TaskFilter) {
  return useInfiniteQuery({
    queryKey: tasksKey(id, filter),
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Task>>(
        `/runs/${encodeURIComponent(id)}/tasks`,
        { ...filter, limit: 200, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
  });
}

export function useTask(id: string, stage: string, key: string) {
  return useQuery({
    queryKey: ["run-task", id, stage, key],
    queryFn: ({ signal }) =>
      api.get<Task>(
        `/runs/${encodeURIComponent(id)}/tasks/${encodeURIComponent(stage)}/${encodeURIComponent(key)}`,
        undefined,
        signal,
      ),
  });
}

export function useTimeline(id: string) {
  return useQuery({
    queryKey: ["run-timeline", id],
    queryFn: ({ signal }) => api.get<Timeline>(`/runs/${encodeURIComponent(id)}/timeline`, undefined, signal),
  });
}
