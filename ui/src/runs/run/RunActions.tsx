import { useState } from "react";
import { useLocation } from "wouter";
import type { Run, RunSummary } from "../../api";
import { Button, Field, Notice, TextInput, toast, toastProblem } from "../../design";
import { may, useSession } from "../../session/session.query";
import { type RunAction, runActions } from "../actions.model";
import { useRunCommand } from "../runs.query";
import styles from "./RunActions.module.css";

const SAID: Record<RunAction["verb"], string> = {
  pause: "Paused: no new attempt starts.",
  resume: "Resumed.",
  cancel: "Cancelled.",
  retry: "Failed items are back in line.",
  rerun: "A new run has started.",
};

/** The run's buttons; one that cannot be undone says its effect and asks once more. */
export function RunActions({ run }: { run: RunSummary }) {
  const session = useSession();
  const command = useRunCommand();
  const [, navigate] = useLocation();
  const [asked, setAsked] = useState<RunAction["verb"] | null>(null);
  const [reason, setReason] = useState("");
  if (!may(session.data, "runs:write")) return null;

  const actions = runActions(run);
  const confirming = actions.find((action) => action.verb === asked);
  const act = (action: RunAction) => {
    const body = action.verb === "cancel" && reason !== "" ? { reason } : undefined;
    command.mutate(
      { id: run.id, verb: action.verb, ...(body ? { body } : {}) },
      {
        onSuccess: (answer: Run) => {
          setAsked(null);
          const undo = UNDO[action.verb];
          toast(
            "done",
            SAID[action.verb],
            undo && { label: undo.label, run: () => command.mutate({ id: run.id, verb: undo.verb }) },
          );
          if (action.verb === "rerun") navigate(`/runs/${answer.id}`);
        },
        onError: (error) => toastProblem(`${action.label} did not work`, error),
      },
    );
  };
  const press = (action: RunAction) =>
    action.confirm ? setAsked(asked === action.verb ? null : action.verb) : act(action);
  return (
    <>
      <div className={styles.buttons} role="group" aria-label="Actions">
        {actions.map((action) => (
          <Button
            key={action.verb}
            kind={action.kind}
            icon={action.icon}
            title={action.effect}
            aria-expanded={action.confirm ? asked === action.verb : undefined}
            busy={command.isPending && command.variables.verb === action.verb}
            onClick={() => press(action)}
          >
            {action.label}
          </Button>
        ))}
      </div>
      {confirming && (
        <div className={styles.confirm}>
          <Notice
            tone={confirming.kind === "danger" ? "failed" : "info"}
            title={confirming.verb === "cancel" ? "Cancel this run?" : "Run it again?"}
            action={
              <>
                <Button
                  kind={confirming.kind === "danger" ? "danger" : "primary"}
                  busy={command.isPending}
                  onClick={() => act(confirming)}
                >
                  {confirming.verb === "cancel" ? "Cancel the run" : "Start a new run"}
                </Button>
                <Button onClick={() => setAsked(null)}>Leave as it is</Button>
              </>
            }
          >
            {confirming.effect}
            {confirming.verb === "cancel" && (
              <Field label="Reason (kept with the run)">
                {(control) => (
                  <TextInput
                    {...control}
                    value={reason}
                    onChange={(event) => setReason(event.target.value)}
                  />
                )}
              </Field>
            )}
          </Notice>
        </div>
      )}
    </>
  );
}

const UNDO: Partial<Record<RunAction["verb"], { label: string; verb: RunAction["verb"] }>> = {
  pause: { label: "Resume", verb: "resume" },
  resume: { label: "Pause", verb: "pause" },
};
