import { Link } from "wouter";
import type { RunSummary } from "../../api";
import { Button, Notice, RelativeTime, toast, toastProblem } from "../../design";
import { visible } from "../../design/format";
import { may, useSession } from "../../session/session.query";
import { appPage, appWait } from "../apps.model";
import { useSignal } from "../runs.query";

/** What the run waits for, with the button that ends the wait. */
export function WaitingNotice({ run }: { run: RunSummary }) {
  const session = useSession();
  const signal = useSignal(run.id);
  if (run.state !== "waiting" && run.waiting_for.length === 0) return null;
  const send = (stage: string, name: string) =>
    signal.mutate(
      { stage, name },
      {
        onSuccess: () => toast("done", `Signal ${visible(name)} sent.`),
        onError: (error) => toastProblem(`Signal ${visible(name)} could not be sent`, error),
      },
    );
  return (
    <>
      {run.waiting_for.map(({ stage, signal: name, since }) => {
        const title = run.stages.find((each) => each.name === stage)?.title ?? stage;
        const wait = appWait(run, name);
        const page = appPage(run);
        return (
          <Notice
            key={`${stage} ${name}`}
            tone="waiting"
            title={wait ? "Ready for your review" : `${visible(title)} waits for ${visible(name)}`}
            action={
              <>
                {wait && page && (
                  <Link href={page.href} asChild>
                    <Button kind="primary" icon="eye">
                      {wait.review}
                    </Button>
                  </Link>
                )}
                {may(session.data, "runs:signal") && (
                  <Button
                    icon="check"
                    kind={wait ? "plain" : "primary"}
                    busy={signal.isPending}
                    onClick={() => send(stage, name)}
                  >
                    {wait ? wait.blind : `Send ${visible(name)}`}
                  </Button>
                )}
              </>
            }
          >
            {wait
              ? `${wait.says}; the run waits as long as it takes, through restarts too. `
              : "The run goes on when this signal arrives. "}
            Waiting <RelativeTime at={since} live />.
          </Notice>
        );
      })}
    </>
  );
}
