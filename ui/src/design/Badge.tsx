import type { ReactNode } from "react";
import type { RunState, StageState, TaskState } from "../api/wire";
import type { DeliveryState } from "../api/wire.deliveries";
import styles from "./Badge.module.css";
import { Icon, type IconName } from "./Icon";

/** The status colours; never used for anything but status, and always with an icon and a word. */
export type Tone = "queued" | "running" | "waiting" | "done" | "warn" | "failed" | "cancelled";

export interface BadgeProps {
  tone?: Tone;
  icon?: IconName;
  title?: string;
  children: ReactNode;
}

/** A small label with a tint. */
export function Badge({ tone = "queued", icon, title, children }: BadgeProps) {
  return (
    <span className={`${styles.badge} ${styles[tone]}`} title={title}>
      {icon && <Icon name={icon} className={styles.icon} />}
      <span>{children}</span>
    </span>
  );
}

/** Every state that a run, stage, task or delivery can be in. */
export type AnyState = RunState | StageState | TaskState | DeliveryState;

interface Look {
  tone: Tone;
  icon: IconName;
  word: string;
}

const LOOKS: Record<AnyState, Look> = {
  queued: { tone: "queued", icon: "queued", word: "Queued" },
  running: { tone: "running", icon: "running", word: "Running" },
  waiting: { tone: "waiting", icon: "waiting", word: "Waiting" },
  paused: { tone: "queued", icon: "paused", word: "Paused" },
  completed: { tone: "done", icon: "done", word: "Completed" },
  completed_with_errors: { tone: "warn", icon: "warn", word: "Completed with errors" },
  failed: { tone: "failed", icon: "failed", word: "Failed" },
  cancelled: { tone: "cancelled", icon: "cancelled", word: "Cancelled" },
  pending: { tone: "queued", icon: "queued", word: "Pending" },
  open: { tone: "running", icon: "running", word: "Open" },
  closed: { tone: "done", icon: "done", word: "Closed" },
  skipped: { tone: "cancelled", icon: "cancelled", word: "Skipped" },
  ready: { tone: "queued", icon: "queued", word: "Ready" },
  leased: { tone: "running", icon: "running", word: "Leased" },
  done: { tone: "done", icon: "done", word: "Done" },
  retry: { tone: "warn", icon: "retry", word: "Trying again" },
  unknown: { tone: "waiting", icon: "eye", word: "Unknown" },
  dead: { tone: "failed", icon: "failed", word: "Dead" },
  blocked: { tone: "queued", icon: "lock", word: "Blocked" },
};

/** Colour, icon and word of a state. */
export function stateLook(state: AnyState): Look {
  return LOOKS[state] ?? { tone: "queued", icon: "info", word: String(state) };
}

/** A state as its icon and its word. */
export function StateBadge({ state, title }: { state: AnyState; title?: string }) {
  const look = stateLook(state);
  return (
    <Badge tone={look.tone} icon={look.icon} {...(title === undefined ? {} : { title })}>
      {look.word}
    </Badge>
  );
}
