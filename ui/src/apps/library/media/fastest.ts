/** For tests of speed: the shortest of ten passes in milliseconds, so that a busy machine does not fail them. */
export function fastest(pass: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10; i += 1) {
    const started = performance.now();
    pass();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}
