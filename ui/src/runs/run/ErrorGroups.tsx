import { useState } from "react";
import { asProblem, type ErrorGroup, type RunSummary } from "../../api";
import { useUrlState } from "../../app/url";
import { Button, CopyButton, Icon, Name, ProblemNotice, RelativeTime } from "../../design";
import { number } from "../../design/format";
import { isMoving, useCalmValue } from "../../stream";
import { useErrorGroups } from "../runs.query";
import styles from "./ErrorGroups.module.css";

const REFRESH_MS = 1_500;
const SHOWN = 3;

/** Errors at the top the moment they happen, grouped by cause, with what to do. */
export function ErrorGroups({ run }: { run: RunSummary }) {
  const retries = run.stages.reduce((sum, stage) => sum + stage.failed, 0);
  const version = useCalmValue(Math.max(retries, run.counters.errors ?? 0) + (run.error ? 1 : 0), REFRESH_MS);
  const query = useErrorGroups(run.id, version);
  const [all, setAll] = useState(false);
  const groups = query.data ?? [];
  if (version === 0) return null;
  if (query.error) {
    return (
      <ProblemNotice
        problem={asProblem(query.error)}
        what="The errors could not be loaded"
        onRetry={() => query.refetch()}
      />
    );
  }
  if (groups.length === 0 && !run.error) return null;
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  return (
    <section className={styles.errors} aria-label="Errors" data-all={all || undefined}>
      {run.error && (
        <div className={styles.fatal}>
          <Icon name="failed" />
          <div>
            <strong>
              <Name text={run.error.message} />
            </strong>{" "}
            <code className={styles.code}>{run.error.code}</code>
            {run.error.help && <p>{run.error.help}</p>}
          </div>
        </div>
      )}
      {(all ? groups : groups.slice(0, SHOWN)).map((group) => (
        <Group key={`${group.stage} ${group.code}`} group={group} run={run} />
      ))}
      {groups.length > 1 && (
        <Button
          kind="quiet"
          className={groups.length > SHOWN ? styles.toggle : `${styles.toggle} ${styles.narrowOnly}`}
          icon={all ? "up" : "down"}
          onClick={() => setAll(!all)}
        >
          {all ? "Show fewer causes" : `Show all ${number(groups.length)} causes`}
        </Button>
      )}
      <p className="sr" role="status">
        {number(total)} errors in {number(groups.length)} causes
      </p>
    </section>
  );
}

function Group({ group, run }: { group: ErrorGroup; run: RunSummary }) {
  const url = useUrlState();
  const stage = run.stages.find((each) => each.name === group.stage)?.title ?? group.stage;
  return (
    <div className={styles.group}>
      <span className={styles.count}>
        <Icon name="failed" /> {number(group.count)}×
      </span>
      <div className={styles.text}>
        <p>
          <Name text={group.example.message} />
        </p>
        {group.help && <p className={styles.help}>{group.help}</p>}
        <p className={styles.meta}>
          <span>
            in <Name text={stage} />
          </span>
          <code className={styles.code}>{group.code}</code>
          {group.example.key !== "" && (
            <span className={styles.example}>
              for example <Name text={group.example.key} mono />
            </span>
          )}
          <span>
            first <RelativeTime at={group.first_at} live={isMoving(run.state)} />, last{" "}
            <RelativeTime at={group.last_at} live={isMoving(run.state)} />
          </span>
        </p>
      </div>
      <div className={styles.actions}>
        <Button
          kind="quiet"
          icon="filter"
          onClick={() => url.set({ tab: "items", stage: group.stage, state: "failed", q: null }, "push")}
        >
          Show items
        </Button>
        <CopyButton
          text={() => JSON.stringify({ run: run.id, ...group }, null, 2)}
          label=""
          aria-label="Copy this cause"
        />
      </div>
    </div>
  );
}
