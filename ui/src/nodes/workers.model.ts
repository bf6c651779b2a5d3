import type { Worker } from "../api";

/** Workers that nobody expects anything of: ended in good order, or lost with nothing left to take over. */
export function isGone(worker: Worker): boolean {
  return worker.state === "ended" || (worker.state === "lost" && worker.held === 0);
}

/** The rows to show: those that are there, or all of them. */
export function shown(workers: readonly Worker[], withGone: boolean): readonly Worker[] {
  return withGone ? workers : workers.filter((worker) => !isGone(worker));
}

/** `2 live, 1 draining`; what there is none of is left out. */
export function summary(workers: readonly Worker[]): string {
  const parts = (["live", "draining", "lost"] as const).flatMap((state) => {
    const count = workers.filter((worker) => worker.state === state && !isGone(worker)).length;
    return count > 0 ? [`${count} ${state}`] : [];
  });
  return parts.length === 0 ? "none is there" : parts.join(", ");
}
