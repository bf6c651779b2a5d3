import type { TaskState } from "../../../api";

export const TASK_STATES: readonly TaskState[] = [
  "ready",
  "leased",
  "waiting",
  "done",
  "failed",
  "skipped",
  "cancelled",
];

/** The item's name to show: a stage of one task works on no item, and its task has an empty key. */
export function itemName(key: string): string {
  return key === "" ? "whole stage" : key;
}

/** The panel's address: stage and key as one query value. Keys may hold anything, so the stage ends at the first slash. */
export function itemParam(stage: string, key: string): string {
  return `${stage}/${key}`;
}

export function parseItemParam(text: string): { stage: string; key: string } | null {
  const slash = text.indexOf("/");
  return slash <= 0 ? null : { stage: text.slice(0, slash), key: text.slice(slash + 1) };
}
