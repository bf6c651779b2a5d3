import { asProblem } from "../../../api";
import { EmptyState, ProblemNotice, Skeleton } from "../../../design";
import { LimitCard } from "../../../nodes/LimitCard";
import { useLimits } from "../../../stream";
import type { RunTabProps } from "../RunPage";
import styles from "./RunLimitsTab.module.css";

/** The limits that hold this run's stages, and why they stand where they stand. */
export default function RunLimitsTab({ view }: RunTabProps) {
  const { limits, error, refetch } = useLimits();
  const stages = view.run.stages.filter((stage) => stage.wait_class !== null);
  const classes = new Set(stages.map((stage) => stage.wait_class));
  if (error && !limits)
    return (
      <ProblemNotice problem={asProblem(error)} what="The limits could not be loaded" onRetry={refetch} />
    );
  if (!limits) return <Skeleton height={120} lines={2} />;
  const ours = limits.filter((limit) => classes.has(limit.class));
  if (ours.length === 0) {
    return (
      <EmptyState title="No limit holds this run">
        Limits appear once a stage has said what it waits for: CPU, input and output, or a rate-limited
        service.
      </EmptyState>
    );
  }
  return (
    <div className={styles.limits}>
      {ours.map((limit) => (
        <LimitCard
          key={limit.class}
          limit={limit}
          stages={stages.filter((stage) => stage.wait_class === limit.class).map((stage) => stage.title)}
        />
      ))}
    </div>
  );
}
