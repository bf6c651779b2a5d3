import { memo } from "react";
import type { Stage } from "../api";
import { Bar, StateBadge } from "../design";
import { number, rate } from "../design/format";
import styles from "./StageBars.module.css";
import { sameStage, stageParts, stagePercent, stageTotal } from "./stages.model";

/** One line a stage: name, bar, count, rate, state. For applications' pages; a run's own page has the strip. */
export function StageBars({ stages }: { stages: readonly Stage[] }) {
  return (
    <ul className={styles.stages}>
      {stages.map((stage) => (
        <StageLine key={stage.name} stage={stage} />
      ))}
    </ul>
  );
}

const StageLine = memo(
  function StageLine({ stage }: { stage: Stage }) {
    const over = stage.done + stage.failed + stage.skipped + stage.cancelled;
    return (
      <li className={styles.stage}>
        <span className={styles.name}>{stage.title}</span>
        <Bar parts={stageParts(stage)} percent={stagePercent(stage)} label={`Stage ${stage.title}`} />
        <span className={`${styles.count} figures`}>
          {number(over)} / {number(stageTotal(stage))}
        </span>
        <span className={`${styles.rate} figures`}>
          {stage.state === "open" && stage.signal === null ? rate(stage.rate_per_s) : ""}
        </span>
        <StateBadge state={stage.state === "open" && stage.signal !== null ? "waiting" : stage.state} />
      </li>
    );
  },
  (a, b) => sameStage(a.stage, b.stage),
);
