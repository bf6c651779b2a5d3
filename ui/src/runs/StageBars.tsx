import { memo } from "react";
import type { Stage } from "../api";
import { Bar, StateBadge } from "../design";
import { number, rate } from "../design/format";
import styles from "./StageBars.module.css";
import { sameStage, stageParts, stagePercent, stageTotal } from "./stages.model";

export interface StageBarsProps {
  stages: readonly Stage[];
  /** What stands for "done / total" of a stage's tasks, where the application counts something else. */
  countOf?: (stage: Stage) => string | null;
}

/** One line a stage: name, bar, count, rate, state. For applications' pages; a run's own page has the strip. */
export function StageBars({ stages, countOf }: StageBarsProps) {
  return (
    <ul className={styles.stages}>
      {stages.map((stage) => (
        <StageLine key={stage.name} stage={stage} count={countOf?.(stage) ?? tasksOf(stage)} />
      ))}
    </ul>
  );
}

const StageLine = memo(
  function StageLine({ stage, count }: { stage: Stage; count: string }) {
    return (
      <li className={styles.stage}>
        <span className={styles.name}>{stage.title}</span>
        <Bar parts={stageParts(stage)} percent={stagePercent(stage)} label={`Stage ${stage.title}`} />
        <span className={`${styles.count} figures`}>{count}</span>
        <span className={`${styles.rate} figures`}>
          {stage.state === "open" && stage.signal === null ? rate(stage.rate_per_s) : ""}
        </span>
        <StateBadge state={stage.state === "open" && stage.signal !== null ? "waiting" : stage.state} />
      </li>
    );
  },
  (a, b) => a.count === b.count && sameStage(a.stage, b.stage),
);

function tasksOf(stage: Stage): string {
  const over = stage.done + stage.failed + stage.skipped + stage.cancelled;
  return `${number(over)} / ${number(stageTotal(stage))}`;
}
