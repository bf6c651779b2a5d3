import type { RunSummary, Stage } from "../api";
import type { ButtonKind, IconName } from "../design";
import { number, plural } from "../design/format";
import { isTerminal } from "../stream/stream.model";
import type { RunVerb } from "./runs.query";

/** A button of a run, and what pressing it will do. */
export interface RunAction {
  verb: Exclude<RunVerb, "retry-from">;
  label: string;
  /** What will happen, to this run, with its figures. */
  effect: string;
  icon: IconName;
  kind: ButtonKind;
  /** Asks once more, with the effect in sight. */
  confirm: boolean;
}

/** What can be done to a run now. */
export function runActions(run: RunSummary): RunAction[] {
  const actions: RunAction[] = [];
  const sum = (key: "in_flight" | "pending" | "failed") =>
    run.stages.reduce((total, stage) => total + stage[key], 0);
  const [inFlight, pending, failed] = [sum("in_flight"), sum("pending"), sum("failed")];
  const active = run.state === "running" || run.state === "waiting" || run.state === "queued";
  if (active) {
    actions.push({
      verb: "pause",
      label: "Pause",
      effect: `No new attempt starts. ${plural(inFlight, "attempt")} in flight ${inFlight === 1 ? "finishes" : "finish"}; resume goes on from there.`,
      icon: "paused",
      kind: "plain",
      confirm: false,
    });
  }
  if (run.state === "paused") {
    actions.push({
      verb: "resume",
      label: "Resume",
      effect: `Goes on with ${plural(pending, "item")} that ${pending === 1 ? "is" : "are"} ready.`,
      icon: "running",
      kind: "primary",
      confirm: false,
    });
  }
  if (failed > 0) {
    actions.push({
      verb: "retry",
      label: `Retry ${plural(failed, "failed item")}`,
      effect: `Puts ${plural(failed, "failed item")} back in line with fresh attempts. What is done stays done.`,
      icon: "retry",
      kind: "plain",
      confirm: false,
    });
  }
  if (active || run.state === "paused") {
    actions.push({
      verb: "cancel",
      label: "Cancel run",
      effect: cancelEffect(run),
      icon: "cancelled",
      kind: "danger",
      confirm: true,
    });
  } else {
    actions.push({
      verb: "rerun",
      label: "Run again",
      effect: `Starts a new run of ${run.pipeline.title} with the same input. This one stays as it is.`,
      icon: "runs",
      kind: "plain",
      confirm: true,
    });
  }
  return actions;
}

/** A button of a stage, and what pressing it will do. */
export interface StageAction {
  verb: "retry" | "retry-from";
  label: string;
  effect: string;
}

/** What can be done to a stage now. Going again from one is for runs that are over and a stage that had begun. */
export function stageActions(run: RunSummary, stage: Stage): StageAction[] {
  const actions: StageAction[] = [];
  if (stage.failed > 0)
    actions.push({
      verb: "retry",
      label: `Retry ${plural(stage.failed, "failed item")}`,
      effect: `Puts ${plural(stage.failed, "failed item")} of ${stage.title} back in line with fresh attempts.`,
    });
  if (isTerminal(run.state) && (stage.state === "open" || stage.state === "closed")) {
    const after = following(run.stages, stage.name);
    const also =
      after.length === 0 ? "" : ` and all that follows (${after.map((each) => each.title).join(", ")})`;
    actions.push({
      verb: "retry-from",
      label: "Run again from here",
      effect: `${stage.title}${also} is done again, also what went well. What came before stays as it is.`,
    });
  }
  return actions;
}

/** The stages that hang on one, in their order. */
function following(stages: readonly Stage[], from: string): Stage[] {
  const hanging = new Set([from]);
  for (const stage of stages)
    if (
      stage.needs.some((need) => hanging.has(need)) ||
      (stage.for_each !== null && hanging.has(stage.for_each))
    )
      hanging.add(stage.name);
  hanging.delete(from);
  return stages.filter((stage) => hanging.has(stage.name));
}

/** What a cancel stops and what it leaves. */
export function cancelEffect(run: RunSummary): string {
  const sum = (key: "in_flight" | "pending") => run.stages.reduce((total, stage) => total + stage[key], 0);
  const [inFlight, pending] = [sum("in_flight"), sum("pending")];
  const waiting = Math.max(0, pending - inFlight);
  return `Stops ${plural(inFlight, "attempt")} in flight and drops ${plural(waiting, "item")} not yet started. ${number(run.figures.done)} done stay done. A cancelled run cannot be resumed.`;
}

/** What a cancel of several runs would do: those that can be, and those left alone. */
export function bulkCancelPreview(runs: readonly RunSummary[]) {
  const can = runs.filter((run) => runActions(run).some((action) => action.verb === "cancel"));
  const inFlight = can.reduce(
    (total, run) => total + run.stages.reduce((sum, stage) => sum + stage.in_flight, 0),
    0,
  );
  const pending = can.reduce(
    (total, run) => total + run.stages.reduce((sum, stage) => sum + stage.pending, 0),
    0,
  );
  const left = runs.length - can.length;
  return {
    ids: can.map((run) => run.id),
    text:
      can.length === 0
        ? "None of the chosen runs can be cancelled: all are over."
        : `Cancels ${plural(can.length, "run")}: ${plural(inFlight, "attempt")} in flight ${inFlight === 1 ? "stops" : "stop"}, ${plural(Math.max(0, pending - inFlight), "item")} will not start.${left > 0 ? ` ${plural(left, "run")} already over ${left === 1 ? "is" : "are"} left alone.` : ""}`,
  };
}
