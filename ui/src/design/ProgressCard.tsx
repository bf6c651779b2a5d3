import type { ReactNode } from "react";
import { Bar, type BarPart } from "./Bar";
import { percent as percentText } from "./format";
import styles from "./ProgressCard.module.css";

export interface ProgressCardProps {
  /** What the part is, for readers ("Overall progress"). */
  label: string;
  /** What the bar measures, for readers ("Files processed"). */
  bar: string;
  /** 0..100. */
  percent: number;
  parts: readonly BarPart[];
  /** At the left of the figure: connection, state. */
  head?: ReactNode;
  /** Below the bar. */
  children?: ReactNode;
}

/** How far something is: states and the figure above one bar, and what belongs to it below. */
export function ProgressCard({ label, bar, percent, parts, head, children }: ProgressCardProps) {
  return (
    <section className={styles.card} aria-label={label}>
      <header className={styles.line}>
        {head}
        <span className={`${styles.percent} figures`}>{percentText(percent)}</span>
      </header>
      <Bar parts={parts} percent={percent} label={bar} />
      {children}
    </section>
  );
}

/** Things in a line of a {@link ProgressCard} that wraps. */
export function ProgressLine({ children }: { children: ReactNode }) {
  return <div className={styles.line}>{children}</div>;
}
