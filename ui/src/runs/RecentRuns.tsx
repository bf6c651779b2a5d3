import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { Link } from "wouter";
import { api, asProblem, type Page, type RunSummary } from "../api";
import { Card, Name, ProblemNotice, RelativeTime, SimpleBar, Skeleton, StateBadge } from "../design";
import { useOfferRuns, useRuns } from "../stream";
import styles from "./RecentRuns.module.css";
import { RUNS_KEY } from "./runs.query";

/** Runs listed at most. */
const RECENT = 12;

export interface RecentRunsProps {
  app: string;
  title: string;
  /** A run's page in its application. */
  href: (run: RunSummary) => string;
  /** Its figures, in a few words. */
  figures: (run: RunSummary) => ReactNode;
  /** Shown where there is none. */
  empty: ReactNode;
}

/** The newest runs of an application, moving. */
export function RecentRuns({ app, title, href, figures, empty }: RecentRunsProps) {
  const recent = useQuery({
    queryKey: [...RUNS_KEY, "recent", app],
    queryFn: ({ signal }) => api.get<Page<RunSummary>>("/runs", { app, limit: RECENT }, signal),
  });
  useOfferRuns(recent.data);
  const live = useRuns();
  const runs = useMemo(() => newest(recent.data?.items ?? [], live, app), [recent.data, live, app]);
  return (
    <Card title={title} flush>
      {recent.error && !recent.data && (
        <ProblemNotice
          problem={asProblem(recent.error)}
          what="The recent runs could not be read"
          onRetry={() => recent.refetch()}
        />
      )}
      {recent.isPending && (
        <div className={styles.loading}>
          <Skeleton height={44} lines={4} />
        </div>
      )}
      {recent.data && runs.length === 0 && empty}
      <ul className={styles.recent}>
        {runs.map((run) => (
          <li key={run.id}>
            <Link href={href(run)} className={styles.run}>
              <span className={styles.title}>
                <Name text={run.title} />
                <StateBadge state={run.state} />
              </span>
              <span className={styles.about}>
                <RelativeTime at={run.created_at} live={run.ended_at === null} />
                <span className="figures">{figures(run)}</span>
              </span>
              {run.ended_at === null && (
                <SimpleBar value={run.figures.percent / 100} size="thin" label={`Progress of ${run.title}`} />
              )}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** The fetched list with what the stream knows better, and with runs that started since; newest first. */
function newest(
  fetched: readonly RunSummary[],
  live: readonly { run: RunSummary }[],
  app: string,
): readonly RunSummary[] {
  const runs = new Map(fetched.map((run) => [run.id, run]));
  for (const { run } of live) if (run.app === app) runs.set(run.id, run);
  return [...runs.values()].sort((a, b) => b.created_at - a.created_at).slice(0, RECENT);
}
