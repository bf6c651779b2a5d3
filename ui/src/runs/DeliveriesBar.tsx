import { Link } from "wouter";
import type { RunSummary } from "../api";
import { Bar } from "../design";
import { number } from "../design/format";
import { NO_DELIVERIES } from "../stream";
import styles from "./DeliveriesBar.module.css";

/** How far a run's deliveries are, leading to them; nothing where it stages none. */
export function DeliveriesBar({ run }: { run: RunSummary }) {
  const { staged, done, dead, unsent } = run.deliveries ?? NO_DELIVERIES;
  if (staged === 0) return null;
  const href = (state = "") =>
    `/deliveries?${new URLSearchParams({ run: run.id, ...(state ? { state } : {}) })}`;
  return (
    <div className={styles.deliveries}>
      <p className={styles.line}>
        <Link href={href()}>Deliveries</Link>
        <span>
          <span className="figures">{number(done)}</span> of <span className="figures">{number(staged)}</span>{" "}
          there
        </span>
        {unsent > 0 && (
          <span className={styles.quiet}>
            <span className="figures">{number(unsent)}</span> not yet
          </span>
        )}
        {dead > 0 && (
          <Link href={href("dead")} className={styles.dead}>
            <span className="figures">{number(dead)}</span> dead
          </Link>
        )}
      </p>
      <Bar
        label={`Deliveries of ${run.title}`}
        percent={(done / staged) * 100}
        parts={[
          { tone: "done", share: done / staged },
          { tone: "failed", share: dead / staged },
        ]}
      />
    </div>
  );
}
