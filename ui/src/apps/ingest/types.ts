/** The ingest application's nouns under the names that its pages use; the shapes are the wire's. */
import type { IngestFile, IngestFileState, IngestSession } from "../../api";

export type {
  BrowseResult,
  Duplicates,
  IngestError,
  IngestFile,
  IngestParams,
  IngestRoot,
  IngestSession,
  IngestStats,
} from "../../api";

export type IngestPhase = IngestSession["phase"];
export type FileState = IngestFileState;

/** What an ingest and the library both know about a file: everything but its place in one ingest. */
export type FileFacts = Omit<IngestFile, "state" | "excluded" | "duplicate_of" | "near_group">;
