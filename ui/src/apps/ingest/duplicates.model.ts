/**
 * Groups of duplicates, and what "keep the best, exclude the others" would do to them. The plan is shown before it is
 * carried out, and it never excludes a whole group.
 */
import type { Duplicates, IngestFile } from "./types";

export interface DuplicateGroup {
  id: string;
  kind: "exact" | "near";
  /** Hamming distance of the perceptual hashes; `null` for exact copies. */
  distance: number | null;
  /** Best first. */
  files: IngestFile[];
}

export interface KeepPlan {
  groups: number;
  keep: string[];
  exclude: string[];
  /** Bytes of the files that would be excluded. */
  bytes: number;
}

/** The groups with their files, best file first. Files that are not loaded are left out, and groups of one with them. */
export function buildGroups(groups: Duplicates, files: ReadonlyMap<string, IngestFile>): DuplicateGroup[] {
  const built: DuplicateGroup[] = [];
  for (const group of groups.exact) {
    add(built, { id: `exact-${group.sha256}`, kind: "exact", distance: null, keys: group.keys }, files);
  }
  for (const group of groups.near) {
    add(
      built,
      { id: `near-${group.group}`, kind: "near", distance: group.distance, keys: group.keys },
      files,
    );
  }
  return built;
}

/**
 * What keeping the best of each group would change. Files excluded already stay so; of a file that is in an exact and
 * in a near group, the first decision holds, so no group loses its last file.
 */
export function planKeepBest(groups: readonly DuplicateGroup[]): KeepPlan {
  const keep = new Set<string>();
  const exclude = new Map<string, IngestFile>();
  let touched = 0;
  for (const group of groups) {
    const left = group.files.filter((f) => !f.excluded && !exclude.has(f.key));
    const best = left[0];
    if (best === undefined || left.length < 2) continue;
    keep.add(best.key);
    let excluded = 0;
    for (const file of left.slice(1)) {
      if (keep.has(file.key)) continue;
      exclude.set(file.key, file);
      excluded += 1;
    }
    if (excluded > 0) touched += 1;
  }
  let bytes = 0;
  for (const file of exclude.values()) bytes += file.size;
  return { groups: touched, keep: [...keep], exclude: [...exclude.keys()], bytes };
}

/** Better files first: a person's judgement, then technical quality, then size, then age; ties by key. */
export function compareBest(a: IngestFile, b: IngestFile): number {
  return (
    b.score - a.score ||
    Number(b.favourite) - Number(a.favourite) ||
    round(b.quality?.overall) - round(a.quality?.overall) ||
    pixels(b) - pixels(a) ||
    b.size - a.size ||
    (a.created_at ?? Number.POSITIVE_INFINITY) - (b.created_at ?? Number.POSITIVE_INFINITY) ||
    (a.key < b.key ? -1 : 1)
  );
}

/** Why the first file of a group is the best, in a few words. */
export function whyBest(files: readonly IngestFile[]): string {
  const [best, second] = files;
  if (best === undefined || second === undefined) return "";
  if (best.score !== second.score) return "highest score";
  if (best.favourite !== second.favourite) return "favourite";
  if (round(best.quality?.overall) !== round(second.quality?.overall)) return "best quality";
  if (pixels(best) !== pixels(second)) return "most pixels";
  if (best.size !== second.size) return "largest file";
  return best.created_at === second.created_at ? "same as the others" : "oldest";
}

function add(
  built: DuplicateGroup[],
  group: { id: string; kind: "exact" | "near"; distance: number | null; keys: readonly string[] },
  files: ReadonlyMap<string, IngestFile>,
): void {
  const members: IngestFile[] = [];
  for (const key of group.keys) {
    const file = files.get(key);
    if (file !== undefined && file.state === "processed") members.push(file);
  }
  if (members.length < 2) return;
  members.sort(compareBest);
  built.push({ id: group.id, kind: group.kind, distance: group.distance, files: members });
}

/** Differences below one in a hundred are noise. */
function round(quality: number | undefined): number {
  return quality === undefined ? -1 : Math.round(quality);
}

function pixels(file: IngestFile): number {
  return (file.width ?? 0) * (file.height ?? 0);
}
