import { useEffect, useRef } from "react";
import type { RunSummary, Stage } from "../../api";
import {
  type BarPart,
  Card,
  ConnectionBadge,
  Elapsed,
  EmptyState,
  format,
  Name,
  ProgressCard,
  ProgressLine,
  StatCard,
  StateBadge,
} from "../../design";
import { StageBars } from "../../runs/StageBars";
import { type Connection, isTerminal } from "../../stream";
import { ErrorList } from "./ErrorList";
import styles from "./ProcessStep.module.css";
import {
  type ErrorRow,
  type StatCard as StatFigure,
  type Step,
  statCards,
  type Watch,
} from "./process.model";

export interface ProcessStepProps {
  run: RunSummary;
  reached: Step;
  watch: Watch;
  current: string | null;
  errors: readonly ErrorRow[];
  connection: Connection;
}

/** The Process step: figures, bars, the current file and errors, live. */
export function ProcessStep({ run, reached, watch, current, errors, connection }: ProcessStepProps) {
  return (
    <div className={styles.process}>
      <ProgressCard
        label="Overall progress"
        bar="Files processed"
        percent={watch.percent}
        parts={overallParts(watch)}
        head={
          <>
            <ConnectionBadge connection={connection} />
            <StateBadge state={run.state} />
          </>
        }
      >
        <ProgressLine>
          <CurrentFile current={current} reached={reached} state={run.state} />
          <Pace run={run} reached={reached} />
        </ProgressLine>
      </ProgressCard>
      <Figures watch={watch} />
      <Announcer watch={watch} reached={reached} />
      {errors.length > 0 ? (
        <>
          <Errors errors={errors} total={watch.stats.errors} run={run.id} />
          <Stages stages={run.stages} />
        </>
      ) : (
        <>
          <Stages stages={run.stages} />
          <Errors errors={errors} total={watch.stats.errors} run={run.id} />
        </>
      )}
    </div>
  );
}

function Errors({ errors, total, run }: { errors: readonly ErrorRow[]; total: number; run: string }) {
  return (
    <Card title={`Errors (${format.number(total)})`} flush>
      {errors.length === 0 ? (
        <EmptyState icon="check" title="No errors">
          Whatever goes wrong with a file appears here at once, with its reason. The other files go on.
        </EmptyState>
      ) : (
        <ErrorList errors={errors} total={total} run={run} />
      )}
    </Card>
  );
}

function Figures({ watch }: { watch: Watch }) {
  return (
    <section className={styles.figures} aria-label="Figures">
      {statCards(watch.stats).map((card) => (
        <div key={card.name} title={card.help} className={styles.figure}>
          <StatCard
            label={card.label}
            value={format.number(card.value)}
            note={<span className={styles.note}>{noteOf(card)}</span>}
            {...(card.tone === "plain"
              ? {}
              : { tone: card.tone === "bad" ? ("failed" as const) : ("warn" as const) })}
            {...(card.name === "processed" ? { milestone: watch.flashes } : {})}
          />
        </div>
      ))}
    </section>
  );
}

function noteOf(card: StatFigure): string {
  return card.of === null ? shortHelp[card.name] : `of ${format.number(card.of)} discovered`;
}

const shortHelp: Record<StatFigure["name"], string> = {
  discovered: "files found",
  processed: "files",
  metadata: "files read",
  keywords: "distinct",
  scores: "from sidecars",
  nsfw: "over the threshold",
  errors: "listed below",
  skipped: "already known",
  failed: "files",
};

interface CurrentProps {
  current: string | null;
  reached: Step;
  state: RunSummary["state"];
}

function CurrentFile({ current, reached, state }: CurrentProps) {
  if (reached !== "process") return <span className={styles.current}>All files are processed.</span>;
  if (state === "paused") return <span className={styles.current}>Paused. No other file is started.</span>;
  if (isTerminal(state))
    return <span className={styles.current}>Stopped before all files were processed.</span>;
  return (
    <span className={styles.current}>
      {current === null ? (
        "Looking for files"
      ) : (
        <>
          Now <Name text={current} mono />
        </>
      )}
    </span>
  );
}

function Pace({ run, reached }: { run: RunSummary; reached: Step }) {
  const moving = reached === "process" && run.state === "running";
  return (
    <dl className={styles.pace}>
      <div>
        <dt>Elapsed</dt>
        <dd>
          <Elapsed from={run.started_at} to={run.ended_at} />
        </dd>
      </div>
      <div>
        <dt>Rate</dt>
        <dd className="figures">{moving ? format.rate(run.rate_per_s) : "–"}</dd>
      </div>
      <div>
        <dt>Left</dt>
        <dd className="figures">{moving ? format.elapsed(run.eta_ms) : "–"}</dd>
      </div>
    </dl>
  );
}

/** Says progress to readers each tenth of the way and at the end: enough to follow, not enough to be in the way. */
function Announcer({ watch, reached }: { watch: Watch; reached: Step }) {
  const box = useRef<HTMLParagraphElement>(null);
  const said = useRef("");
  const tenth = Math.floor(watch.percent / 10) * 10;
  const text =
    reached === "process"
      ? `${tenth} percent processed, ${watch.stats.errors > 0 ? "with errors" : "no errors"}.`
      : `All files processed. ${format.plural(watch.stats.errors, "error")}.`;
  useEffect(() => {
    if (said.current === "") {
      said.current = text;
    } else if (said.current !== text && box.current !== null) {
      said.current = text;
      box.current.textContent = text;
    }
  }, [text]);
  return <p className="sr" role="status" ref={box} />;
}

function Stages({ stages }: { stages: readonly Stage[] }) {
  return (
    <Card title="Stages">
      <StageBars stages={stages} />
    </Card>
  );
}

/** The bar's full length is what never goes back; within it, failed files have their share. */
function overallParts(watch: Watch): BarPart[] {
  const settled = watch.stats.processed + watch.stats.failed + watch.stats.skipped;
  const whole = watch.percent / 100;
  if (settled === 0) return [{ tone: "running", share: whole }];
  const failed = (watch.stats.failed / settled) * whole;
  return [
    { tone: watch.percent >= 100 ? "done" : "running", share: whole - failed },
    { tone: "failed", share: failed },
  ];
}
