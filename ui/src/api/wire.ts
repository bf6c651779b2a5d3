/**
 * The shapes that cross the wire, as the HTTP contract names them (base `/api/v1`).
 * Times `…_at` are Unix milliseconds UTC, durations `…_ms`. Nothing here is converted or defaulted.
 */

export type RunState =
  | "queued"
  | "running"
  | "waiting"
  | "paused"
  | "completed"
  | "completed_with_errors"
  | "failed"
  | "cancelled";
export type StageState = "pending" | "open" | "closed" | "skipped";
export type TaskState = "ready" | "leased" | "waiting" | "done" | "failed" | "skipped" | "cancelled";
export type AttemptOutcome = "done" | "failed" | "lost" | "cancelled";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface TaskError {
  code: string;
  message: string;
  help?: string | null;
  retryable: boolean;
}

export interface Stage {
  name: string;
  title: string;
  state: StageState;
  activity: string | null;
  signal: string | null;
  /** `cpu`, `io` or `bucket:<name>`. */
  wait_class: string | null;
  needs: string[];
  for_each: string | null;
  total: number;
  waiting: number;
  /** Ready and leased. */
  pending: number;
  in_flight: number;
  done: number;
  failed: number;
  skipped: number;
  cancelled: number;
  retries: number;
  opened_at: number | null;
  closed_at: number | null;
  rate_per_s: number;
  limit: number | null;
}

export interface Figures {
  done: number;
  total: number;
  failed: number;
  /** 0..100; 100 only at the end. */
  percent: number;
}

export interface WaitingFor {
  stage: string;
  signal: string;
  since: number;
}

/** Of what a run has staged for destinations: what is there, what was given up, what is on its way. */
export interface RunDeliveries {
  staged: number;
  done: number;
  dead: number;
  unsent: number;
}

export interface RunSummary {
  id: string;
  pipeline: { name: string; version: number; title: string };
  title: string;
  app: string;
  state: RunState;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  created_by: string;
  run_seq: number;
  stages: Stage[];
  counters: Record<string, number>;
  waiting_for: WaitingFor[];
  error: TaskError | null;
  rate_per_s: number;
  eta_ms: number | null;
  figures: Figures;
  deliveries: RunDeliveries;
  labels: Record<string, string>;
}

export interface Run extends RunSummary {
  input: Json;
}

export interface Attempt {
  attempt: number;
  started_at: number;
  ended_at: number | null;
  outcome: AttemptOutcome | null;
  error: TaskError | null;
}

export interface Task {
  stage: string;
  key: string;
  state: TaskState;
  attempt: number;
  max_attempts: number;
  created_at: number;
  due_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  worker: string | null;
  data: Json;
  output: Json;
  error: TaskError | null;
  /** Only when one task is asked for. */
  attempts?: Attempt[] | null;
}

export interface Event {
  /** Null for what belongs to no run (`limit.changed`). */
  run: string | null;
  run_seq: number;
  feed_seq: number;
  at: number;
  kind: string;
  stage: string | null;
  key: string | null;
  attempt: number | null;
  data: JsonObject;
}

export interface LimitChange {
  at: number;
  from: number;
  to: number;
  reason: string;
}

export interface Limit {
  class: string;
  limit: number;
  in_use: number;
  pinned: boolean;
  reason: string;
  changed_at: number;
  throughput_per_s: number;
  p50_ms: number | null;
  history: LimitChange[];
}

export interface Worker {
  id: string;
  name: string;
  pid: number;
  host: string;
  started_at: number;
  heartbeat_at: number;
  /** Until when its leases hold without another heartbeat. */
  lease_until: number;
  state: "live" | "draining" | "lost" | "ended";
  /** Tasks: leased, or under way. */
  held: number;
  /** Whether it is the process that answered. */
  here: boolean;
  version: string;
}

export interface StoreInfo {
  kind: "sqlite" | "postgres";
  /** A file, or host, port and database. */
  place: string;
}

export interface Nodes {
  items: Worker[];
  store: StoreInfo;
  engine: string;
}

export interface Hardware {
  cpus_effective: number;
  cpus_online: number;
  memory_limit_bytes: number;
  memory_used_bytes: number;
  /** Average over 10 s, percent of time that something waited; null where the kernel does not tell. */
  pressure: { cpu: number; io: number; memory: number } | null;
  source: string;
  load: number;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Progress {
  run: string;
  item: string | null;
  from: number;
  to: number;
  state: RunState;
  figures: Figures;
  stages: Stage[];
  counters: Record<string, number>;
  rate_per_s: number;
  eta_ms: number | null;
  /** Left out where they are as before. */
  deliveries?: RunDeliveries;
  current: string | null;
  at: number;
}

export interface ItemProgress {
  run: string;
  item: string;
  stage: string;
  attempt?: number;
  done: number;
  total: number;
  message: string | null;
  at: number;
}

export interface Timeline {
  stages: { name: string; opened_at: number | null; closed_at: number | null }[];
  attempts: {
    stage: string;
    key: string;
    attempt: number;
    started_at: number;
    ended_at: number | null;
    outcome: AttemptOutcome | null;
  }[];
  truncated: boolean;
}

export interface ErrorGroup {
  code: string;
  stage: string;
  count: number;
  first_at: number | null;
  last_at: number | null;
  /** An item without a key ("") is the stage's only one. */
  example: { key: string; message: string };
  help: string | null;
}

export interface Session {
  user: { name: string; role: "admin" | "operator" | "viewer" };
  permissions: string[];
  dev: boolean;
  version: string;
  epoch: string;
  features: Record<string, boolean>;
  apps: string[];
}

export interface Token {
  id: string;
  name: string;
  prefix: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  scopes: string[];
}

/** The answer that creates a token: the only one that holds it. */
export interface CreatedToken extends Token {
  token: string;
}

export interface Pipeline {
  name: string;
  version: number;
  title: string;
  stages: { name: string; title: string }[];
  input_schema: Json;
}

export interface Schedule {
  id: string;
  name: string;
  cron: string;
  timezone: string;
  pipeline: string;
  input: Json;
  enabled: boolean;
  next_at?: number | null;
  last_at?: number | null;
  last_run?: string | null;
}

export interface AuditEntry {
  at: number;
  who: string;
  action: string;
  object: string;
  result: "ok" | "denied" | "failed";
  address: string;
}

export interface Backup {
  path: string;
  bytes: number;
  sha256: string;
  took_ms: number;
}

// ── Ingest and library ────────────────────────────────────────────────────────────────────────

export interface IngestParams {
  directories: string[];
  patterns: string[];
  recursive: boolean;
  max_files: number | null;
  skip_existing: boolean;
  extract_metadata: boolean;
  extract_keywords: boolean;
  import_scores: boolean;
  detect_nsfw: boolean;
  nsfw_threshold: number;
  auto_commit: boolean;
}

export interface IngestRoot {
  path: string;
  label: string;
  free_bytes: number | null;
}

export interface BrowseResult {
  path: string;
  parent: string | null;
  directories: { name: string; path: string }[];
  /** Media files directly in it. */
  files: number;
}

export interface IngestStats {
  discovered: number;
  skipped: number;
  processed: number;
  failed: number;
  metadata: number;
  keywords: number;
  scores: number;
  nsfw: number;
  errors: number;
}

export interface IngestSession {
  run: Run;
  stats: IngestStats;
  params: IngestParams;
  current_file: string | null;
  phase: "processing" | "preview" | "committing" | "done";
  nsfw_available: boolean;
  notes: string[];
}

export type IngestFileState = "processed" | "skipped" | "failed" | "committed" | "rejected";

export interface Keyword {
  keyword: string;
  kind: string;
  weight: number;
}

export interface IngestFile {
  key: string;
  path: string;
  name: string;
  size: number;
  sha256: string | null;
  format: string | null;
  width: number | null;
  height: number | null;
  state: IngestFileState;
  excluded: boolean;
  created_at: number | null;
  thumbnail: string | null;
  metadata: JsonObject;
  generation: JsonObject | null;
  keywords: Keyword[];
  score: number;
  favourite: boolean;
  quality: {
    sharpness: number;
    exposure: number;
    contrast: number;
    resolution: number;
    overall: number;
  } | null;
  nsfw: { state: "safe" | "nsfw" | "unknown"; score: number | null; reason: string | null };
  video: JsonObject | null;
  duplicate_of: string | null;
  near_group: number | null;
  problems: { stage: string; code: string; message: string; at: number }[];
}

export interface MediaFile extends IngestFile {
  id: string;
  added_at: number;
  run: string;
}

export interface MediaPage extends Page<MediaFile> {
  total: number;
}

export interface Duplicates {
  exact: { sha256: string; keys: string[] }[];
  near: { group: number; keys: string[]; distance: number }[];
}

export interface IngestError {
  at: number;
  file: string;
  key: string | null;
  stage: string;
  code: string;
  message: string;
}

export interface Facets {
  keywords: { keyword: string; kind: string; count: number }[];
  models: { model: string; count: number }[];
  scores: Record<string, number>;
  nsfw: Record<string, number>;
  kinds: Record<string, number>;
}
