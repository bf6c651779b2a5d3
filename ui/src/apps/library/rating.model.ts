/** Rating by keyboard: what a key means, and what it does to the files on the page before the server has answered. */

export type Rating = { kind: "score"; score: number } | { kind: "favourite"; favourite: boolean };

/** `0`–`5` score, `x` rejects, `f` switches favourite; `null` when the key is none of them. */
export function ratingOfKey(key: string, favourite: boolean): Rating | null {
  if (/^[0-5]$/.test(key)) return { kind: "score", score: Number(key) };
  if (key === "x") return { kind: "score", score: -1 };
  if (key === "f") return { kind: "favourite", favourite: !favourite };
  return null;
}

/** The rating as the server takes it. */
export function ratingBody(rating: Rating): { score?: number; favourite?: boolean } {
  return rating.kind === "score" ? { score: rating.score } : { favourite: rating.favourite };
}

export function applyRating<T extends { score: number; favourite: boolean }>(file: T, rating: Rating): T {
  if (rating.kind === "score") return file.score === rating.score ? file : { ...file, score: rating.score };
  return file.favourite === rating.favourite ? file : { ...file, favourite: rating.favourite };
}

/** What a bulk rating would change, counted before it is sent. */
export function bulkEffect<T extends { score: number; favourite: boolean }>(
  files: readonly T[],
  rating: Rating,
): { changed: number; unchanged: number; overwrites: number } {
  let changed = 0;
  let overwrites = 0;
  for (const file of files) {
    if (applyRating(file, rating) === file) continue;
    changed += 1;
    if (rating.kind === "score" && file.score !== 0) overwrites += 1;
  }
  return { changed, unchanged: files.length - changed, overwrites };
}

/** "Rate 12 files 4 of 5", "Reject 1 file", "Mark 3 files as favourite". */
export function describeRating(rating: Rating, count: string): string {
  if (rating.kind === "favourite") {
    return rating.favourite ? `Mark ${count} as favourite` : `Take ${count} from the favourites`;
  }
  if (rating.score < 0) return `Reject ${count}`;
  if (rating.score === 0) return `Clear the score of ${count}`;
  return `Rate ${count} ${rating.score} of 5`;
}
