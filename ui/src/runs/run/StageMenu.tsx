import type { RunSummary, Stage } from "../../api";
import { useUrlState } from "../../app/url";
import { Button, Notice, toast, toastProblem } from "../../design";
import { visible } from "../../design/format";
import { may, useSession } from "../../session/session.query";
import { type StageAction, stageActions } from "../actions.model";
import { useRunCommand } from "../runs.query";

/** What can be done to one stage, each with its effect in sight. */
export function StageMenu({ run, stage, onClose }: { run: RunSummary; stage: Stage; onClose: () => void }) {
  const url = useUrlState();
  const session = useSession();
  const command = useRunCommand();
  const actions = may(session.data, "runs:write") ? stageActions(run, stage) : [];
  const act = ({ verb, label }: StageAction) =>
    command.mutate(
      { id: run.id, verb, body: { stage: stage.name } },
      {
        onSuccess: () => {
          toast(
            "done",
            verb === "retry" ? "Failed items are back in line." : `The run goes on from ${stage.title}.`,
          );
          onClose();
        },
        onError: (error) => toastProblem(`${label} did not work`, error),
      },
    );
  return (
    <Notice
      title={`Stage ${visible(stage.title)}`}
      action={
        <>
          {actions.map((action) => (
            <Button
              key={action.verb}
              icon={action.verb === "retry" ? "retry" : "runs"}
              busy={command.isPending && command.variables.verb === action.verb}
              onClick={() => act(action)}
            >
              {action.label}
            </Button>
          ))}
          <Button
            icon="filter"
            onClick={() => url.set({ tab: "items", stage: stage.name, state: null, q: null }, "push")}
          >
            Show its items
          </Button>
          <Button kind="quiet" icon="close" aria-label="Close the stage's actions" onClick={onClose} />
        </>
      }
    >
      {actions.length === 0 && "There is nothing to do over in this stage."}
      {actions.map((action) => (
        <p key={action.verb}>
          {action.label}: {action.effect}
        </p>
      ))}
    </Notice>
  );
}
