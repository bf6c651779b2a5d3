import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import { Button } from "./Button";
import styles from "./Feedback.module.css";
import { Icon, type IconName } from "./Icon";

export interface EmptyStateProps {
  icon?: IconName;
  /** What this place is or why it is empty. */
  title: string;
  children?: ReactNode;
  /** The first step. */
  action?: ReactNode;
}

/** Says what a place is for and gives the first step. */
export function EmptyState({ icon = "info", title, children, action }: EmptyStateProps) {
  return (
    <div className={styles.empty}>
      <Icon name={icon} className={styles.emptyIcon} />
      <h2>{title}</h2>
      {children && <div className={styles.emptyText}>{children}</div>}
      {action && <div className={styles.emptyAction}>{action}</div>}
    </div>
  );
}

export interface SkeletonProps {
  /** CSS lengths; give the size of what will come. */
  width?: string | number;
  height?: string | number;
  /** How many, one below another. */
  lines?: number;
}

/** A grey place holder of the right size while something loads. */
export function Skeleton({ width = "100%", height = 16, lines = 1 }: SkeletonProps) {
  return (
    <div className={styles.skeletons} aria-busy="true">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className={styles.skeleton} style={{ width, height }} />
      ))}
    </div>
  );
}

export type NoticeTone = "info" | "waiting" | "warn" | "failed" | "done";

const NOTICE_ICON: Record<NoticeTone, IconName> = {
  info: "info",
  waiting: "waiting",
  warn: "warn",
  failed: "failed",
  done: "done",
};

/** A line that stands above what it is about. */
export function Notice({
  tone = "info",
  title,
  action,
  children,
}: {
  tone?: NoticeTone;
  title: ReactNode;
  action?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className={`${styles.notice} ${styles[tone]}`}>
      <Icon name={NOTICE_ICON[tone]} className={styles.noticeIcon} />
      <div className={styles.noticeText}>
        <strong>{title}</strong>
        {children && <div>{children}</div>}
      </div>
      {action && <div className={styles.noticeAction}>{action}</div>}
    </div>
  );
}

/** A problem from the server: what happened, why, the code to copy, and another try. */
export function ProblemNotice({
  problem,
  what,
  onRetry,
}: {
  problem: Problem;
  what: string;
  onRetry?: () => void;
}) {
  return (
    <Notice
      tone="failed"
      title={what}
      action={
        onRetry && (
          <Button icon="retry" onClick={onRetry}>
            Try again
          </Button>
        )
      }
    >
      {problem.detail} <code className={styles.code}>{problem.code}</code>
      {problem.trace && <code className={styles.code}>{problem.trace}</code>}
    </Notice>
  );
}
