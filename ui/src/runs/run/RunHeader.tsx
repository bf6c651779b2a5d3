import { Link } from "wouter";
import type { RunSummary } from "../../api";
import {
  Bar,
  type Connection,
  ConnectionBadge,
  CopyButton,
  Elapsed,
  Name,
  RelativeTime,
  StateBadge,
  stateLook,
} from "../../design";
import { duration, number, percent, rate } from "../../design/format";
import { isMoving, isTerminal, type RunView } from "../../stream";
import { appPage } from "../apps.model";
import { DeliveriesBar } from "../DeliveriesBar";
import { runParts } from "../stages.model";
import { RunActions } from "./RunActions";
import styles from "./RunHeader.module.css";

/** State, title, times, rate, and what can be done. */
export function RunHeader({ view, connection }: { view: RunView; connection: Connection }) {
  const { run } = view;
  const page = appPage(run);
  return (
    <div className={styles.header}>
      <div className={styles.top}>
        <StateBadge state={run.state} />
        <h1 className={styles.title}>
          <Name text={run.title} />
        </h1>
        {connection.state === "ended" && <ConnectionBadge connection={connection} />}
      </div>
      <div className={styles.about}>
        <span>
          <Name text={run.pipeline.title} /> <span className={styles.quiet}>v{run.pipeline.version}</span>
        </span>
        <span className={styles.id}>
          <code>{run.id}</code>
          <CopyButton text={run.id} label="" aria-label="Copy the run's id" />
        </span>
        <span>
          by <Name text={run.created_by} />
        </span>
        {page && <Link href={page.href}>Open in {page.name}</Link>}
        {Object.entries(run.labels).map(([name, value]) => (
          <span key={name} className={styles.label}>
            <Name text={`${name}=${value}`} />
          </span>
        ))}
      </div>
      <RunActions run={run} />
      <RunFigures run={run} />
      <div className={styles.bar}>
        <Bar parts={runParts(run)} label={`Progress of ${run.title}`} percent={run.figures.percent} />
      </div>
      <DeliveriesBar run={run} />
      <p className="sr" role="status">
        {announcement(run)}
      </p>
      {!isTerminal(run.state) && (
        <p className={styles.current}>
          {view.current !== null && (
            <>
              Now: <Name text={view.current} mono />
            </>
          )}
        </p>
      )}
    </div>
  );
}

/** For readers: the state, and each quarter of the way; nothing between. */
function announcement(run: RunSummary): string {
  const word = stateLook(run.state).word;
  return run.state === "running"
    ? `${word}, ${Math.floor(run.figures.percent / 25) * 25} percent or more done`
    : word;
}

function RunFigures({ run }: { run: RunSummary }) {
  const moving = isMoving(run.state) || run.state === "waiting";
  return (
    <dl className={styles.figures}>
      <Figure name="Progress">{percent(run.figures.percent)}</Figure>
      <Figure name="Done">
        {number(run.figures.done)} <span className={styles.quiet}>of {number(run.figures.total)}</span>
      </Figure>
      <Figure name="Failed">
        <span className={run.figures.failed > 0 ? styles.failed : undefined}>
          {number(run.figures.failed)}
        </span>
      </Figure>
      <Figure name="Rate">{run.state === "running" ? rate(run.rate_per_s) : "–"}</Figure>
      <Figure name="Left">{run.state === "running" ? duration(run.eta_ms) : "–"}</Figure>
      <Figure name={run.ended_at === null ? "Elapsed" : "Took"}>
        <Elapsed from={run.started_at} to={run.ended_at} live={run.state !== "paused"} />
      </Figure>
      <Figure name="Started">
        <RelativeTime at={run.started_at} live={moving} />
      </Figure>
      {run.ended_at !== null && (
        <Figure name="Ended">
          <RelativeTime at={run.ended_at} />
        </Figure>
      )}
    </dl>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={styles.figure}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
