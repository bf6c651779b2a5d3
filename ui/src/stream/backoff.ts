export const MIN_DELAY_MS = 1_000;
export const MAX_DELAY_MS = 30_000;

/** Full jitter between 1 s and a ceiling that doubles with each failure up to 30 s. `random` is 0..1. */
export function reconnectDelay(failures: number, random: number): number {
  const ceiling = Math.min(MAX_DELAY_MS, 2 * MIN_DELAY_MS * 2 ** Math.min(failures, 10));
  return Math.round(MIN_DELAY_MS + random * (ceiling - MIN_DELAY_MS));
}
