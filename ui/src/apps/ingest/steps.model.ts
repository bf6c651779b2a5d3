/** The four steps of an ingest, which of them can be opened, and what Commit would do. */
import type { IngestFile, IngestPhase, IngestStats } from "./types";

export type Step = "process" | "preview" | "commit";

export interface StepInfo {
  step: "configure" | Step;
  title: string;
  state: "done" | "current" | "open" | "closed";
  note: string;
}

/** The step of a URL; without one, the step where the ingest stands. */
export function stepOf(param: string | null, phase: IngestPhase): Step {
  if (param === "process" || param === "preview" || param === "commit") return param;
  return currentStep(phase);
}

export function currentStep(phase: IngestPhase): Step {
  switch (phase) {
    case "processing":
      return "process";
    case "preview":
      return "preview";
    case "committing":
    case "done":
      return "commit";
  }
}

const ORDER: readonly Step[] = ["process", "preview", "commit"];

/** The stepper. Steps behind are done; Preview can be opened early, Commit only once there is something to commit. */
export function stepsOf(phase: IngestPhase, runState: string): StepInfo[] {
  const at = ORDER.indexOf(currentStep(phase));
  const notes: Record<Step, string> = {
    process: phase === "processing" ? "Reading files" : "All files read",
    preview: phase === "preview" ? "Waiting for you" : phase === "processing" ? "So far" : "Checked",
    commit:
      phase === "done"
        ? endNote(runState)
        : phase === "committing"
          ? "Writing to the library"
          : "Nothing yet",
  };
  const titles: Record<Step, string> = { process: "Process", preview: "Preview", commit: "Commit" };
  const steps: StepInfo[] = [{ step: "configure", title: "Configure", state: "done", note: "Parameters" }];
  ORDER.forEach((step, i) => {
    const finished = phase === "done" && runState !== "failed" && runState !== "cancelled";
    const state =
      i < at || (finished && i === at)
        ? "done"
        : i === at
          ? "current"
          : step === "preview"
            ? "open"
            : "closed";
    steps.push({ step, title: titles[step], state, note: notes[step] });
  });
  return steps;
}

function endNote(state: string): string {
  switch (state) {
    case "completed":
      return "In the library";
    case "completed_with_errors":
      return "In the library, with errors";
    case "cancelled":
      return "Cancelled";
    case "failed":
      return "Failed";
    default:
      return "Ended";
  }
}

export interface CommitEffect {
  files: number;
  excluded: number;
  failed: number;
  skipped: number;
}

/** What a commit would do now. `excluded` is counted by the server or over loaded files. */
export function commitEffect(stats: IngestStats, excluded: number): CommitEffect {
  return {
    files: Math.max(0, stats.processed - excluded),
    excluded,
    failed: stats.failed,
    skipped: stats.skipped,
  };
}

/** Files that a commit would leave out because someone excluded them. */
export function countExcluded(files: readonly IngestFile[]): number {
  let excluded = 0;
  for (const file of files) if (file.excluded && file.state === "processed") excluded += 1;
  return excluded;
}

/** The sentence beside the commit button. */
export function describeCommit(effect: CommitEffect, number: (n: number) => string): string {
  const parts: string[] = [];
  if (effect.excluded > 0) parts.push(`${number(effect.excluded)} excluded`);
  if (effect.skipped > 0) parts.push(`${number(effect.skipped)} already in the library`);
  if (effect.failed > 0) parts.push(`${number(effect.failed)} failed`);
  const first =
    effect.files === 0
      ? "There is nothing to commit."
      : `Adds ${number(effect.files)} ${effect.files === 1 ? "file" : "files"} to the library. The files themselves are not changed.`;
  return parts.length === 0 ? first : `${first} Left out: ${parts.join(", ")}.`;
}
