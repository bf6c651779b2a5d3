import type { RunSummary, Worker } from "../api";

/** Something that stands still and should not, or might want a look. */
export interface Stuck {
  run: RunSummary;
  why: string;
}

export interface HomePicture {
  moving: RunSummary[];
  waiting: RunSummary[];
  stuck: Stuck[];
  ended: RunSummary[];
}

/** A run in which nothing was finished for so long, while there is work, stands out. */
export const STILL_MS = 60_000;
const RECENT_MS = 24 * 3_600_000;
const MAX_ENDED = 12;
const MAX_FAILED = 6;

/** Sorts the runs by what they need of a person. `heardAt` says when each run last moved, by this device's clock. */
export function picture(
  runs: readonly RunSummary[],
  heardAt: ReadonlyMap<string, number>,
  now: number,
): HomePicture {
  const newest = [...runs].sort((a, b) => b.created_at - a.created_at);
  const ended = newest
    .filter((run) => run.ended_at !== null)
    .sort((a, b) => (b.ended_at ?? 0) - (a.ended_at ?? 0));
  const failed = ended.filter((run) => run.state === "failed" && now - (run.ended_at ?? 0) < RECENT_MS);
  return {
    moving: newest.filter((run) => run.state === "running" || run.state === "queued"),
    waiting: newest.filter((run) => run.state === "waiting"),
    stuck: [
      ...newest.flatMap((run) => {
        const why = standing(run, heardAt.get(run.id) ?? now, now);
        return why === null ? [] : [{ run, why }];
      }),
      ...failed.slice(0, MAX_FAILED).map((run) => ({ run, why: run.error?.message ?? "It failed." })),
    ],
    ended: ended.slice(0, MAX_ENDED),
  };
}

function standing(run: RunSummary, heardAt: number, now: number): string | null {
  if (run.state === "paused") return "Paused; nothing starts until it is resumed.";
  if (run.state === "queued" && now - run.created_at > STILL_MS)
    return "Queued for more than a minute; is a worker alive?";
  if (run.state === "running" && now - heardAt > STILL_MS) {
    const inFlight = run.stages.reduce((sum, stage) => sum + stage.in_flight, 0);
    return inFlight > 0
      ? "No item finished for more than a minute."
      : "Nothing is in flight for more than a minute.";
  }
  return null;
}

/** The sentence at the top: what moves, what needs somebody. */
export function headline({ moving, waiting, stuck }: HomePicture, lostWorkers: number): string {
  const parts: string[] = [];
  if (moving.length > 0) parts.push(count(moving.length, "run is moving", "runs are moving"));
  if (waiting.length > 0) parts.push(count(waiting.length, "waits for you", "wait for you"));
  if (stuck.length > 0) parts.push(count(stuck.length, "stands still or failed", "stand still or failed"));
  if (lostWorkers > 0) parts.push(count(lostWorkers, "worker is lost", "workers are lost"));
  return parts.length === 0 ? "All is quiet." : `${parts.join(", ")}.`;
}

/** Workers whose heartbeat has stopped while they held work. */
export function lostWorkers(workers: readonly Worker[] | undefined): number {
  return (workers ?? []).filter((worker) => worker.state === "lost" && worker.held > 0).length;
}

function count(value: number, one: string, many: string): string {
  return `${value} ${value === 1 ? one : many}`;
}
