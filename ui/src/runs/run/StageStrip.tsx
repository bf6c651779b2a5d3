import type { Limit, RunSummary, Stage } from "../../api";
import { useUrlState } from "../../app/url";
import { Bar, Icon, stateLook } from "../../design";
import { duration, number, percent, plural, rate } from "../../design/format";
import { useLimits } from "../../stream";
import { stageColumns, stageParts, stagePercent, stageTotal } from "../stages.model";
import styles from "./StageStrip.module.css";

/** The stages as connected bars, in the order in which work flows through them. */
export function StageStrip({ run }: { run: RunSummary }) {
  const { limits } = useLimits();
  return (
    <section aria-label="Stages" className={styles.strip}>
      {stageColumns(run.stages).map((column) => (
        <div key={column.map((stage) => stage.name).join(" ")} className={styles.column}>
          {column.map((stage) => (
            <StageCell
              key={stage.name}
              stage={stage}
              limit={limits?.find((limit) => limit.class === stage.wait_class)}
            />
          ))}
        </div>
      ))}
    </section>
  );
}

function StageCell({ stage, limit }: { stage: Stage; limit: Limit | undefined }) {
  const url = useUrlState();
  const look = stateLook(stage.state === "open" && stage.signal ? "waiting" : stage.state);
  const total = stageTotal(stage);
  return (
    <div className={styles.stage} data-state={stage.state}>
      <button
        type="button"
        className={styles.name}
        title={`Show the items of ${stage.title}`}
        onClick={() => url.set({ tab: "items", stage: stage.name, state: null, q: null }, "push")}
      >
        <span className={`${styles.mark} ${styles[look.tone]}`} title={look.word}>
          <Icon name={look.icon} />
          <span className="sr">{look.word}: </span>
        </span>
        <bdi className={styles.title}>{stage.title}</bdi>
        <span className={styles.percent}>
          {stage.state === "pending" ? "" : percent(stagePercent(stage))}
        </span>
      </button>
      <Bar parts={stageParts(stage)} label={`Stage ${stage.title}`} percent={stagePercent(stage)} />
      <p className={styles.counts}>
        <span>
          {number(stage.done)} <span className={styles.quiet}>of {number(total)}</span>
        </span>
        {stage.failed > 0 && <span className={styles.failed}>{number(stage.failed)} failed</span>}
        {stage.skipped > 0 && <span className={styles.quiet}>{number(stage.skipped)} skipped</span>}
        {stage.retries > 0 && (
          <span className={styles.quiet}>{plural(stage.retries, "retry", "retries")}</span>
        )}
      </p>
      <p className={styles.flow}>
        <Flow stage={stage} limit={limit} />
      </p>
    </div>
  );
}

/** What moves and what holds it: in flight of the limit in force, and why that limit. */
function Flow({ stage, limit }: { stage: Stage; limit: Limit | undefined }) {
  if (stage.state === "pending")
    return <>waits for {stage.needs.length > 0 ? stage.needs.join(", ") : "the run"}</>;
  if (stage.state === "skipped") return <>skipped</>;
  if (stage.state === "closed") {
    return (
      <>
        {stage.opened_at !== null && stage.closed_at !== null
          ? `took ${duration(stage.closed_at - stage.opened_at)}`
          : "closed"}
      </>
    );
  }
  if (stage.signal) return <span className={styles.waiting}>waits for {stage.signal}</span>;
  const why = limit
    ? `${limit.class}: ${limit.pinned ? "pinned. " : ""}${limit.reason}`
    : (stage.wait_class ?? "");
  return (
    <span title={why}>
      {rate(stage.rate_per_s)} · {number(stage.in_flight)}
      {stage.limit !== null && ` of ${number(stage.limit)}`} in flight
      {stage.wait_class && <span className={styles.class}> · {stage.wait_class}</span>}
    </span>
  );
}
