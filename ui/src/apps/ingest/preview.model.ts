import type { IngestFile } from "./types";

/** Keywords offered while filtering. */
const MAX_SUGGESTIONS = 100;

/** The files' keywords, most frequent first. */
export function keywordCounts(files: readonly IngestFile[]): string[] {
  const counts = new Map<string, number>();
  for (const file of files) {
    for (const { keyword } of file.keywords) counts.set(keyword, (counts.get(keyword) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, MAX_SUGGESTIONS)
    .map(([keyword]) => keyword);
}

/** What excluding or including would change: files that are so already, or cannot be, do not count. */
export function selectionEffect(files: readonly IngestFile[]): {
  toExclude: IngestFile[];
  toInclude: IngestFile[];
  fixed: number;
} {
  const free = files.filter((file) => file.state === "processed");
  return {
    toExclude: free.filter((file) => !file.excluded),
    toInclude: free.filter((file) => file.excluded),
    fixed: files.length - free.length,
  };
}
