import { useState } from "react";
import { Link } from "wouter";
import type { BacklogItem, RunSummary } from "../../api";
import { useUrlState } from "../../app/url";
import { RemoteLink } from "../../deliveries/RemoteLink";
import { ReplayBox, type ReplayWish } from "../../deliveries/ReplayBox";
import { Badge, Button, Name, Notice, Panel, StateBadge, toast, toastProblem } from "../../design";
import { may, useSession } from "../../session/session.query";
import { isTerminal } from "../../stream";
import { useChangeItem, useRestage } from "./backlog.query";
import { ItemForm } from "./ItemForm";
import styles from "./ItemPanel.module.css";
import { KIND_WORDS, pathTo, type Tree } from "./tree.model";
import { WorkItemView } from "./WorkItemView";

export interface ItemPanelProps {
  item: BacklogItem;
  tree: Tree;
  run: RunSummary;
  threshold: number;
  onClose: () => void;
}

/** One item: what it says, how good it is, where it stands; edited, excluded or sent again from here. */
export function ItemPanel({ item, tree, run, threshold, onClose }: ItemPanelProps) {
  const [editing, setEditing] = useState(false);
  const change = useChangeItem(run.id);
  const save = (part: Parameters<typeof change.mutate>[0]) =>
    change.mutate(part, {
      onSuccess: () => {
        setEditing(false);
        toast(
          "done",
          part.excluded === undefined
            ? "Changed."
            : part.excluded
              ? "Excluded: it and what is below stay here."
              : "Included again.",
        );
      },
      onError: (error) => {
        if (part.excluded !== undefined) toastProblem("The item was not changed", error);
      },
    });
  return (
    <Panel
      title={<Name text={item.item.title} />}
      onClose={onClose}
      actions={
        !editing && (
          <Actions
            item={item}
            run={run}
            busy={change.isPending}
            onEdit={() => setEditing(true)}
            onExclude={(excluded) => save({ key: item.key, excluded })}
          />
        )
      }
    >
      {editing ? (
        <ItemForm
          item={item}
          busy={change.isPending}
          error={change.error}
          onSave={(part) => save({ key: item.key, item: part })}
          onCancel={() => {
            change.reset();
            setEditing(false);
          }}
        />
      ) : (
        <div className={styles.item}>
          <Path item={item} tree={tree} />
          <Delivery item={item} run={run} />
          <Quality item={item} threshold={threshold} />
          <WorkItemView item={item.item} />
        </div>
      )}
    </Panel>
  );
}

interface ActionsProps {
  item: BacklogItem;
  run: RunSummary;
  busy: boolean;
  onEdit: () => void;
  onExclude: (excluded: boolean) => void;
}

function Actions({ item, run, busy, onEdit, onExclude }: ActionsProps) {
  const session = useSession();
  const restage = useRestage(run.id);
  const [wish, setWish] = useState<ReplayWish | null>(null);
  const { delivery } = item;
  const there = delivery?.state === "done";
  if (wish !== null) return <ReplayBox wish={wish} onClose={() => setWish(null)} />;
  const sendAgain = () =>
    restage.mutate([item.key], {
      onSuccess: ({ staged }) =>
        toast("done", staged > 0 ? "Staged again with its changes." : "There was nothing to stage again."),
      onError: (error) => toastProblem("It could not be staged again", error),
    });
  const mayWrite = may(session.data, "runs:write");
  const unsent = mayWrite && !there && run.state !== "cancelled";
  return (
    <>
      {unsent && (
        <Button icon="edit" onClick={onEdit}>
          Edit
        </Button>
      )}
      {unsent && delivery === null && !isTerminal(run.state) && (
        <Button
          icon={item.excluded ? "plus" : "cancelled"}
          busy={busy}
          title={item.excluded ? "It is sent with the others" : "It and everything below it is not sent"}
          onClick={() => onExclude(!item.excluded)}
        >
          {item.excluded ? "Include" : "Exclude"}
        </Button>
      )}
      {unsent && delivery !== null && item.edited && (
        <Button icon="send" busy={restage.isPending} onClick={sendAgain}>
          Send as edited
        </Button>
      )}
      {delivery !== null && may(session.data, "outbox:write") && (
        <Button
          icon="retry"
          onClick={() => setWish({ title: "Retry this subtree", request: { subtree_of: delivery.id } })}
        >
          Retry this subtree
        </Button>
      )}
      {there && mayWrite && <span className={styles.note}>It is at the destination: change it there.</span>}
    </>
  );
}

function Path({ item, tree }: { item: BacklogItem; tree: Tree }) {
  const url = useUrlState();
  return (
    <ol className={styles.path} aria-label="Above it">
      {pathTo(tree, item).map((above) => (
        <li key={above.key}>
          <button type="button" className={styles.link} onClick={() => url.set({ item: above.key })}>
            <Name text={above.item.title} />
          </button>
        </li>
      ))}
      <li>
        {KIND_WORDS[item.kind]} <code>{item.key}</code>
        {item.edited && ", edited"}
      </li>
    </ol>
  );
}

function Delivery({ item: { delivery, excluded }, run }: { item: BacklogItem; run: RunSummary }) {
  if (excluded && delivery === null)
    return (
      <Notice tone="info" title="Excluded">
        It and everything below it is not sent.
      </Notice>
    );
  if (delivery === null) return null;
  const { state, error, remote, id } = delivery;
  return (
    <div className={styles.delivery}>
      <p>
        <StateBadge state={state} /> <RemoteLink remote={remote} />{" "}
        <Link href={`/deliveries?${new URLSearchParams({ run: run.id, delivery: id })}`}>
          Show the delivery
        </Link>
      </p>
      {error && state !== "done" && (
        <div className={styles.error}>
          <p>
            <Name text={error.message} />
          </p>
          <p>
            <code>{error.code}</code>
          </p>
          {error.help && <p>{error.help}</p>}
        </div>
      )}
    </div>
  );
}

function Quality({ item: { quality, flagged }, threshold }: { item: BacklogItem; threshold: number }) {
  return (
    <div className={styles.quality}>
      <p>
        Quality <strong className="figures">{quality.score}</strong> of 100
        {quality.attempts > 1 && `, written ${quality.attempts} times`}{" "}
        {flagged && (
          <Badge tone="warn" icon="flag" title={`Below ${threshold} after all attempts`}>
            Flagged
          </Badge>
        )}
      </p>
      {quality.problems.length > 0 && (
        <ul>
          {quality.problems.map((problem) => (
            <li key={problem}>
              <Name text={problem} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
