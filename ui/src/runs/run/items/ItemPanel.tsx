import { type Attempt, asProblem, type RunSummary, type Task } from "../../../api";
import {
  Button,
  CopyButton,
  Facts,
  JsonView,
  Name,
  Panel,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  StateBadge,
  toast,
  toastProblem,
} from "../../../design";
import { dateTime, duration } from "../../../design/format";
import { may, useSession } from "../../../session/session.query";
import { useRunCommand, useTask } from "../../runs.query";
import styles from "./ItemPanel.module.css";
import { itemName } from "./items.model";

/** One item: its state, attempts, errors, and what it was given and gave. */
export function ItemPanel({
  run,
  stage,
  itemKey,
  onClose,
}: {
  run: RunSummary;
  stage: string;
  itemKey: string;
  onClose: () => void;
}) {
  const query = useTask(run.id, stage, itemKey);
  const session = useSession();
  const command = useRunCommand();
  const task = query.data;
  const retry = () =>
    command.mutate(
      { id: run.id, verb: "retry", body: { stage, keys: [itemKey] } },
      {
        onSuccess: () => {
          toast("done", "The item is back in line.");
          query.refetch();
        },
        onError: (error) => toastProblem("The item could not be retried", error),
      },
    );
  const retryable = task?.state === "failed" && may(session.data, "runs:write");
  return (
    <Panel
      title={<Name text={itemName(itemKey)} mono={itemKey !== ""} />}
      onClose={onClose}
      actions={
        <>
          {retryable && (
            <Button
              icon="retry"
              busy={command.isPending}
              title="Puts this one item back in line with fresh attempts"
              onClick={retry}
            >
              Retry this item
            </Button>
          )}
          <CopyButton label="Copy key" text={itemKey} />
          {task && <CopyButton label="Copy all as JSON" text={() => JSON.stringify(task, null, 2)} />}
        </>
      }
    >
      {query.error && (
        <ProblemNotice
          problem={asProblem(query.error)}
          what="The item could not be loaded"
          onRetry={() => query.refetch()}
        />
      )}
      {!task && !query.error && <Skeleton height={20} lines={8} />}
      {task && (
        <TaskView task={task} title={run.stages.find((each) => each.name === stage)?.title ?? stage} />
      )}
    </Panel>
  );
}

function TaskView({ task, title }: { task: Task; title: string }) {
  return (
    <div className={styles.task}>
      <Facts
        facts={[
          ["State", <StateBadge key="state" state={task.state} />],
          ["Stage", title],
          ["Attempt", task.attempt === 0 ? "none yet" : `${task.attempt} of at most ${task.max_attempts}`],
          ["Created", <RelativeTime key="created" at={task.created_at} />],
          ...(task.due_at !== null && task.state === "ready"
            ? [["Due", <RelativeTime key="due" at={task.due_at} />] as const]
            : []),
          ...(task.worker !== null
            ? [["Worker", <Name key="worker" text={task.worker} mono />] as const]
            : []),
        ]}
      />
      {task.error && (
        <div className={styles.error}>
          <p>
            <Name text={task.error.message} />
          </p>
          <p>
            <code>{task.error.code}</code> ·{" "}
            {task.error.retryable ? "may go away by trying again" : "trying again will not help by itself"}
          </p>
          {task.error.help && <p>{task.error.help}</p>}
        </div>
      )}
      {task.attempts && task.attempts.length > 0 && (
        <section>
          <h3>Attempts</h3>
          <ol className={styles.attempts}>
            {task.attempts.map((attempt) => (
              <AttemptView key={`${attempt.attempt} ${attempt.started_at}`} attempt={attempt} />
            ))}
          </ol>
        </section>
      )}
      <section>
        <h3>Given</h3>
        <JsonView value={task.data} />
      </section>
      <section>
        <h3>Gave</h3>
        {task.output === null ? (
          <p className={styles.none}>Nothing yet.</p>
        ) : (
          <JsonView value={task.output} />
        )}
      </section>
    </div>
  );
}

function AttemptView({ attempt }: { attempt: Attempt }) {
  return (
    <li className={styles.attempt}>
      <span
        className={
          attempt.outcome === "done" ? styles.good : attempt.outcome === null ? styles.open : styles.bad
        }
      >
        {attempt.attempt}. {attempt.outcome ?? "in flight"}
      </span>
      <time dateTime={new Date(attempt.started_at).toISOString()}>{dateTime(attempt.started_at)}</time>
      <span className="figures">
        {attempt.ended_at === null ? "" : duration(attempt.ended_at - attempt.started_at)}
      </span>
      {attempt.error && (
        <p>
          <Name text={attempt.error.message} /> <code>{attempt.error.code}</code>
        </p>
      )}
    </li>
  );
}
