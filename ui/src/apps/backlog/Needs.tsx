import { useState } from "react";
import { Link } from "wouter";
import type { BacklogSession, RunSummary } from "../../api";
import { useUrlState } from "../../app/url";
import { ReplayBox, type ReplayWish } from "../../deliveries/ReplayBox";
import { Button, Name, Notice, toast, toastProblem } from "../../design";
import { number, plural } from "../../design/format";
import { may, useSession } from "../../session/session.query";
import { NO_DELIVERIES } from "../../stream";
import { useApprove } from "./backlog.query";
import { countIncluded, type Tree } from "./tree.model";

interface NeedsProps {
  run: RunSummary;
  session: BacklogSession;
  tree: Tree;
}

/** What the backlog needs of a person: approval, or a decision on what was refused. */
export function Needs({ run, session, tree }: NeedsProps) {
  const waiting = run.waiting_for.some(({ signal }) => signal === "approve");
  const { dead } = run.deliveries ?? NO_DELIVERIES;
  return (
    <>
      {waiting && <Approval run={run} session={session} tree={tree} />}
      {dead > 0 && <Refused run={run} dead={dead} />}
    </>
  );
}

function Approval({ run, session, tree }: NeedsProps) {
  const user = useSession();
  const approve = useApprove(run.id);
  const url = useUrlState();
  const included = countIncluded(tree);
  const left = tree.items.length - included;
  const to = session.params.to ?? null;
  const act = () =>
    approve.mutate(undefined, {
      onSuccess: () =>
        toast("done", to === null ? "Approved." : `Approved. ${number(included)} items are on their way.`),
      onError: (error) => toastProblem("The backlog could not be approved", error),
    });
  return (
    <Notice
      tone="waiting"
      title="Ready for your review"
      action={
        <>
          {to !== null && (
            <Button icon="eye" onClick={() => url.set({ tab: "dry-run", item: null })}>
              See what would be sent
            </Button>
          )}
          {may(user.data, "runs:signal") && (
            <Button
              kind="primary"
              icon="check"
              busy={approve.isPending}
              disabled={included === 0}
              onClick={act}
            >
              {to === null ? "Approve" : `Approve and send ${plural(included, "item")}`}
            </Button>
          )}
        </>
      }
    >
      {to === null ? (
        "Edit or exclude what you like. This backlog goes nowhere; it can be exported. "
      ) : (
        <>
          Nothing goes to{" "}
          <Link href={`/destinations?name=${encodeURIComponent(to)}`}>
            <Name text={to} />
          </Link>{" "}
          before you approve. Edit or exclude what you like first; the run waits as long as it takes.{" "}
        </>
      )}
      {left > 0 && `${plural(left, "item")} ${left === 1 ? "is" : "are"} excluded.`}
    </Notice>
  );
}

function Refused({ run, dead }: { run: RunSummary; dead: number }) {
  const user = useSession();
  const url = useUrlState();
  const [wish, setWish] = useState<ReplayWish | null>(null);
  if (wish !== null) return <ReplayBox wish={wish} onClose={() => setWish(null)} />;
  return (
    <Notice
      tone="failed"
      title={`${plural(dead, "item was", "items were")} refused by the destination`}
      action={
        <>
          <Button icon="filter" onClick={() => url.set({ tab: null, delivery: "dead", item: null })}>
            Show {dead === 1 ? "it" : "them"}
          </Button>
          {may(user.data, "outbox:write") && (
            <Button
              kind="primary"
              icon="retry"
              onClick={() => setWish({ title: `Retry ${number(dead)} failed`, request: { run: run.id } })}
            >
              Retry failed
            </Button>
          )}
        </>
      }
    >
      What hangs below waits; everything else goes on. The reason stands beside each item, in the
      destination's own words.
    </Notice>
  );
}
