/** The Commit step's figures, and the rows of what did not go in. */
import type { IngestFile } from "./types";

export interface CommitFigures {
  committed: number;
  rejected: number;
  total: number;
  /** 0…100; 100 only when the stage has ended. */
  percent: number;
  doneShare: number;
  failedShare: number;
}

interface StageCounts {
  name: string;
  state: string;
  total: number;
  done: number;
  failed: number;
}

/** The stage passes over excluded files too, so what went in is the run's own count where it has one. */
export function commitFigures(run: {
  stages: readonly StageCounts[];
  counters: Readonly<Record<string, number>>;
}): CommitFigures {
  const stage = run.stages.find((s) => s.name === "commit");
  if (stage === undefined) {
    return { committed: 0, rejected: 0, total: 0, percent: 0, doneShare: 0, failedShare: 0 };
  }
  const total = Math.max(stage.total, stage.done + stage.failed);
  const over = stage.state === "closed";
  const share = (count: number) => (total === 0 ? 0 : count / total);
  const settled = share(stage.done + stage.failed) * 100;
  return {
    committed: run.counters.committed ?? stage.done,
    rejected: stage.failed,
    total,
    percent: over ? 100 : Math.min(99.9, settled),
    doneShare: total === 0 && over ? 1 : share(stage.done),
    failedShare: share(stage.failed),
  };
}

export interface RejectedRow {
  key: string;
  name: string;
  stage: string;
  code: string;
  reason: string;
}

/** Rejected files first, then those that failed before; the last problem of each is its reason. */
export function rejectedRows(files: readonly IngestFile[]): RejectedRow[] {
  const rank = (file: IngestFile) => (file.state === "rejected" ? 0 : 1);
  return [...files]
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .map((file) => {
      const last = file.problems.at(-1);
      return {
        key: file.key,
        name: file.name,
        stage: last?.stage ?? (file.state === "rejected" ? "commit" : ""),
        code: last?.code ?? "unknown",
        reason: last?.message ?? "No reason was given.",
      };
    });
}
