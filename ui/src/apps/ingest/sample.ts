/** Files for tests of the pure models; nothing in the built page imports this. */
import type { IngestFile } from "./types";

/** A processed, safe, unrated image, with what a test changes. */
export function sampleFile(over: Partial<IngestFile> = {}): IngestFile {
  const key = over.key ?? "a.png";
  return {
    key,
    path: `/media/${key}`,
    name: key,
    size: 1000,
    sha256: "ab".repeat(32),
    format: "png",
    width: 512,
    height: 512,
    state: "processed",
    excluded: false,
    created_at: 1_700_000_000_000,
    thumbnail: null,
    metadata: {},
    generation: null,
    keywords: [],
    score: 0,
    favourite: false,
    quality: null,
    nsfw: { state: "safe", score: 0.01, reason: null },
    video: null,
    duplicate_of: null,
    near_group: null,
    problems: [],
    ...over,
  };
}
