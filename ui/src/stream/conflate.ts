import type { Frame } from "./protocol";

/**
 * Joins what a page would overwrite at once: of a run's figures only the last are kept, covering the range of all
 * that they stand for. Facts, snapshots and everything else keep their place; figures do not move past a snapshot.
 */
export function conflate(frames: readonly Frame[]): Frame[] {
  const kept: (Frame | null)[] = [];
  const places = new Map<string, number>();
  for (const frame of frames) {
    if (frame.kind === "snapshot" || frame.kind === "reset") places.clear();
    const key = keyOf(frame);
    const place = key === null ? undefined : places.get(key);
    const before = place === undefined ? null : kept[place];
    const joined = before ? join(before, frame) : null;
    if (joined !== null && place !== undefined) kept[place] = null;
    if (key !== null) places.set(key, kept.length);
    kept.push(joined ?? frame);
  }
  return kept.filter((frame) => frame !== null);
}

function keyOf(frame: Frame): string | null {
  if (frame.kind === "progress") return `${frame.source} ${frame.progress.run}`;
  if (frame.kind === "item") return `item ${frame.item.run} ${frame.item.stage} ${frame.item.item}`;
  return null;
}

/** The later frame, standing for both; null when that would hide a hole between their ranges. */
function join(before: Frame, after: Frame): Frame | null {
  if (before.kind !== "progress" || after.kind !== "progress") return after;
  if (after.progress.from > before.progress.to + 1 || after.progress.to < before.progress.to) return null;
  const from = Math.min(before.progress.from, after.progress.from);
  return { ...after, progress: { ...after.progress, from } };
}
