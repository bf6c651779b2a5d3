import { useMemo } from "react";
import { Link } from "wouter";
import { asProblem, type RunSummary } from "../api";
import {
  Bar,
  Button,
  Card,
  Elapsed,
  EmptyState,
  Name,
  Notice,
  Page,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  StateBadge,
  useNow,
} from "../design";
import { duration, number, percent, rate } from "../design/format";
import { useNodes } from "../nodes/nodes.query";
import { appPage, appWait } from "../runs/apps.model";
import { useRunPages } from "../runs/runs.query";
import { runParts } from "../runs/stages.model";
import { isTerminal, useOfferRuns, useRuns } from "../stream";
import styles from "./HomePage.module.css";
import { headline, lostWorkers, picture } from "./home.model";

/** What is moving, what is stuck, what needs me. */
export default function HomePage() {
  const query = useRunPages({});
  const open = useRunPages({ state: "queued,running,waiting,paused" });
  useOfferRuns(query.data?.pages.at(-1));
  useOfferRuns(open.data?.pages.at(-1));
  const live = useRuns();
  const nodes = useNodes();
  const active = live.some(({ run }) => !isTerminal(run.state));
  const now = useNow(active ? "ticking" : "still");
  const shown = useMemo(
    () =>
      picture(
        live.map((view) => view.run),
        new Map(live.map((view) => [view.run.id, view.asOf])),
        now,
      ),
    [live, now],
  );
  const problem = query.error ?? open.error;
  const loaded = query.data !== undefined && open.data !== undefined;
  return (
    <Page
      title="Home"
      heading={<Heading text={loaded ? headline(shown, lostWorkers(nodes.data?.items)) : "…"} />}
    >
      {problem && (
        <ProblemNotice
          problem={asProblem(problem)}
          what="The runs could not be loaded"
          onRetry={() => query.refetch()}
        />
      )}
      {!loaded && !problem && <Skeleton height={88} lines={3} />}
      {shown.waiting.map((run) => (
        <Needs key={run.id} run={run} />
      ))}
      {loaded && live.length === 0 && <FirstStep />}
      {shown.moving.length > 0 && (
        <section aria-label="Moving" className={styles.moving}>
          {shown.moving.map((run) => (
            <Moving key={run.id} run={run} />
          ))}
        </section>
      )}
      <div className={styles.columns}>
        {shown.stuck.length > 0 && (
          <Card title="Stands still or failed" flush>
            <ul className={styles.list}>
              {shown.stuck.map(({ run, why }) => (
                <li key={run.id}>
                  <StateBadge state={run.state} />
                  <div className={styles.text}>
                    <Link href={`/runs/${run.id}`}>
                      <Name text={run.title} />
                    </Link>
                    <p className={styles.quiet}>
                      <Name text={why} />
                    </p>
                  </div>
                  <span className={styles.time}>
                    <RelativeTime at={run.ended_at ?? run.created_at} />
                  </span>
                </li>
              ))}
            </ul>
          </Card>
        )}
        {shown.ended.length > 0 && (
          <Card title="Ended last" flush actions={<Link href="/runs">All runs</Link>}>
            <ul className={styles.list}>
              {shown.ended.map((run) => (
                <li key={run.id}>
                  <StateBadge state={run.state} />
                  <div className={styles.text}>
                    <Link href={`/runs/${run.id}`}>
                      <Name text={run.title} />
                    </Link>
                  </div>
                  <span className={styles.quiet}>
                    <span className="figures">{number(run.figures.done)}</span> done
                    {run.figures.failed > 0 && (
                      <span className={styles.failed}>, {number(run.figures.failed)} failed</span>
                    )}
                  </span>
                  <span className={styles.time}>
                    <RelativeTime at={run.ended_at} />
                  </span>
                </li>
              ))}
            </ul>
          </Card>
        )}
      </div>
    </Page>
  );
}

function Heading({ text }: { text: string }) {
  return (
    <>
      <h1 className="sr">Home</h1>
      <p className={styles.headline}>{text}</p>
    </>
  );
}

/** A run that waits for a person. */
function Needs({ run }: { run: RunSummary }) {
  const wait = run.waiting_for[0];
  const page = appPage(run);
  const known = wait ? appWait(run, wait.signal) : null;
  return (
    <Notice
      tone="waiting"
      title={<Name text={run.title} />}
      action={
        <Link href={page?.href ?? `/runs/${run.id}`} asChild>
          <Button kind="primary" icon="eye">
            {known?.review ?? "Open"}
          </Button>
        </Link>
      }
    >
      {known ? `${known.says}.` : `Waits for ${wait?.signal ?? "a signal"}.`}{" "}
      {wait && (
        <>
          Since <RelativeTime at={wait.since} live />.
        </>
      )}
    </Notice>
  );
}

/** A run that moves: the figures that matter on two lines. */
function Moving({ run }: { run: RunSummary }) {
  return (
    <Link href={`/runs/${run.id}`} className={styles.run}>
      <span className={styles.head}>
        <StateBadge state={run.state} />
        <span className={styles.title}>
          <Name text={run.title} />
        </span>
        <span className={styles.percent}>{percent(run.figures.percent)}</span>
      </span>
      <Bar parts={runParts(run)} label={`Progress of ${run.title}`} percent={run.figures.percent} />
      <span className={styles.figures}>
        <span>
          {number(run.figures.done)} of {number(run.figures.total)}
        </span>
        {run.figures.failed > 0 && <span className={styles.failed}>{number(run.figures.failed)} failed</span>}
        <span>{rate(run.rate_per_s)}</span>
        {run.eta_ms !== null && <span>{duration(run.eta_ms)} left</span>}
        <span className={styles.end}>
          <Elapsed from={run.started_at} to={null} />
        </span>
      </span>
    </Link>
  );
}

function FirstStep() {
  return (
    <EmptyState
      icon="ingest"
      title="Nothing has run here yet"
      action={
        <Link href="/ingest" asChild>
          <Button kind="primary" icon="plus">
            Start an ingest
          </Button>
        </Link>
      }
    >
      Headway runs long work in stages, keeps every step through crashes and restarts, and shows it while it
      moves. Start with a folder of pictures, or from a terminal: <code>headway ingest DIR</code>.
    </EmptyState>
  );
}
