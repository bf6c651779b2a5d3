/** The ingest application's nouns as the server sends them (`/api/v1/ingest…`). */

/** What an ingest is asked to do. Everything but the directories has a default. */
export interface IngestParams {
  directories: string[];
  patterns: string[];
  recursive: boolean;
  /** `null`: no limit. */
  max_files: number | null;
  /** By content, not only by path. */
  skip_existing: boolean;
  extract_metadata: boolean;
  extract_keywords: boolean;
  import_scores: boolean;
  detect_nsfw: boolean;
  /** 0…1: a file scoring at or above it counts as NSFW. */
  nsfw_threshold: number;
  /** Commit as soon as processing ends, without waiting at Preview. */
  auto_commit: boolean;
}

/** Files by what became of them, and what was found in them. `processed + failed + skipped = discovered` at the end. */
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

export type IngestPhase = "processing" | "preview" | "committing" | "done";

export type FileState = "processed" | "skipped" | "failed" | "committed" | "rejected";

export interface Keyword {
  keyword: string;
  kind: string;
  weight: number;
}

export interface Quality {
  sharpness: number;
  exposure: number;
  contrast: number;
  resolution: number;
  /** 0…1, the weighted mean of the others. */
  overall: number;
}

/** `unknown` is a file that was not analysed; it is never shown as safe. */
export interface Nsfw {
  state: "safe" | "nsfw" | "unknown";
  score: number | null;
  reason: string | null;
}

export interface Problem {
  stage: string;
  code: string;
  message: string;
  at: number;
}

/** What the library and an ingest both know about one file. */
export interface FileFacts {
  key: string;
  path: string;
  /** Safe to show as text; may still hold markup and bidi controls, so it is isolated where it is shown. */
  name: string;
  size: number;
  sha256: string | null;
  format: string | null;
  width: number | null;
  height: number | null;
  created_at: number | null;
  thumbnail: string | null;
  metadata: Record<string, unknown>;
  generation: Record<string, unknown> | null;
  keywords: Keyword[];
  /** −1 reject, 0 unrated, 1–5. */
  score: number;
  favourite: boolean;
  quality: Quality | null;
  nsfw: Nsfw;
  video: Record<string, unknown> | null;
  problems: Problem[];
}

/** One file of one ingest. */
export interface IngestFile extends FileFacts {
  state: FileState;
  excluded: boolean;
  duplicate_of: string | null;
  near_group: number | null;
}

export interface DuplicateGroups {
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

export interface MediaRoot {
  path: string;
  label: string;
  free_bytes: number | null;
}

export interface BrowsedFolder {
  path: string;
  parent: string | null;
  directories: { name: string; path: string }[];
  /** Media files directly in the folder. */
  files: number;
}
