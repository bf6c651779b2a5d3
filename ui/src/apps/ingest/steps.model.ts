/** The four steps of an ingest, which of them can be opened, and what Commit would do. */

import type { RunState } from "../../api";
import { isTerminal } from "../../stream/stream.model";
import type { Step } from "./process.model";
import type { IngestFile, IngestStats } from "./types";

export interface StepInfo {
  step: "configure" | Step;
  title: string;
  state: "done" | "current" | "open" | "closed";
  note: string;
}

/** The step of a URL; without one, the step that the ingest has reached. */
export function stepOf(param: string | null, reached: Step): Step {
  return param === "process" || param === "preview" || param === "commit" ? param : reached;
}

const ORDER: readonly Step[] = ["process", "preview", "commit"];
const TITLES: Record<Step, string> = { process: "Process", preview: "Preview", commit: "Commit" };

/** The stepper. Steps behind are done; Preview can be opened early, Commit only once it was reached. */
export function stepsOf(reached: Step, runState: RunState): StepInfo[] {
  const at = ORDER.indexOf(reached);
  const ended = isTerminal(runState);
  const complete = runState === "completed" || runState === "completed_with_errors";
  const steps: StepInfo[] = [{ step: "configure", title: "Configure", state: "done", note: "Parameters" }];
  ORDER.forEach((step, i) => {
    steps.push({
      step,
      title: TITLES[step],
      state: stateOf(i - at, step, complete),
      note: i === at && ended ? endNote(runState) : noteOf(i - at, step),
    });
  });
  return steps;
}

/** `distance` counts steps from the one reached. */
function stateOf(distance: number, step: Step, complete: boolean): StepInfo["state"] {
  if (distance < 0 || (distance === 0 && complete)) return "done";
  if (distance === 0) return "current";
  return step === "preview" ? "open" : "closed";
}

function noteOf(distance: number, step: Step): string {
  const notes: Record<Step, readonly [before: string, now: string, after: string]> = {
    process: ["", "Reading files", "All files read"],
    preview: ["So far", "Waiting for you", "Checked"],
    commit: ["Nothing yet", "Writing to the library", ""],
  };
  const [before, now, after] = notes[step];
  return distance > 0 ? before : distance === 0 ? now : after;
}

function endNote(state: RunState): string {
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
