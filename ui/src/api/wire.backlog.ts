/** The shapes of the backlog application, as the HTTP contract names them. */
import type { Run, TaskError } from "./wire";
import type { DeliveryState, Preview, Remote } from "./wire.deliveries";

export type WorkItemKind = "epic" | "feature" | "story" | "task" | "test_case";

/** A piece of planned work. What is empty may be left out. */
export interface WorkItem {
  kind: WorkItemKind;
  title: string;
  description?: string;
  acceptance_criteria?: string[];
  sections?: { heading: string; text: string }[];
  /** 1 (first) to 4 (last). */
  priority?: number;
  business_value?: number;
  story_points?: number;
  estimate_hours?: number;
  category?: string;
  complexity?: string;
  steps?: { action: string; expected: string }[];
  test_data?: string;
  automation?: boolean;
}

export type BacklogSize = "small" | "medium" | "large";
export type BacklogNumbers = Record<"epics" | "features" | "stories" | "tasks" | "tests", number>;
export type BacklogAuthorName = "outline" | "openai";

export interface BacklogParams {
  vision: string;
  title?: string | null;
  /** Name of a destination; null sends nothing. */
  to?: string | null;
  size: BacklogSize | BacklogNumbers;
  author?: BacklogAuthorName | null;
  review: boolean;
  quality_threshold: number;
  max_regenerations: number;
  budget_usd: number | null;
  context?: string | null;
}

export interface BacklogAuthor {
  name: BacklogAuthorName;
  available: boolean;
  model: string | null;
  says: string;
}

export type BacklogPhase = "generating" | "review" | "delivering" | "done";

export interface BacklogStats {
  epics: number;
  features: number;
  stories: number;
  tasks: number;
  test_cases: number;
  flagged: number;
  regenerated: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_micro_usd: number;
  staged: number;
  delivered: number;
  dead: number;
}

export interface BacklogSession {
  run: Run;
  params: BacklogParams;
  stats: BacklogStats;
  phase: BacklogPhase;
  author: BacklogAuthorName;
  budget_usd: number | null;
  notes: string[];
}

export interface ItemDelivery {
  id: string;
  state: DeliveryState;
  attempts: number;
  remote: Remote | null;
  error: TaskError | null;
}

export interface BacklogItem {
  key: string;
  parent: string | null;
  kind: WorkItemKind;
  level: number;
  position: number;
  item: WorkItem;
  quality: { score: number; problems: string[]; attempts: number };
  /** Below the threshold after all attempts, and kept. */
  flagged: boolean;
  edited: boolean;
  excluded: boolean;
  children: number;
  delivery: ItemDelivery | null;
}

export interface DryRunItem {
  key: string;
  title: string;
  preview: Preview;
  /** The destination's own check, where it has one. */
  valid: { ok: boolean; error: TaskError | null } | null;
}
