import { useMemo } from "react";
import { Link } from "wouter";
import { asProblem, type RunSummary } from "../../api";
import {
  Card,
  EmptyState,
  format,
  Name,
  Page,
  ProblemNotice,
  RelativeTime,
  SimpleBar,
  Skeleton,
  StateBadge,
} from "../../design";
import { processedFiles } from "../../runs/stages.model";
import { useOfferRuns, useRuns } from "../../stream";
import { ConfigureForm } from "./ConfigureForm";
import styles from "./IngestPage.module.css";
import { RECENT_INGESTS, useRecentIngests } from "./ingest.query";

/** `/ingest`: configure and start an ingest; the recent ones beside it. */
export default function IngestPage() {
  return (
    <Page title="Ingest">
      <div className={styles.columns}>
        <ConfigureForm />
        <RecentIngests />
      </div>
    </Page>
  );
}

function RecentIngests() {
  const recent = useRecentIngests();
  useOfferRuns(recent.data);
  const live = useRuns();
  const runs = useMemo(() => recentRuns(recent.data?.items ?? [], live), [recent.data, live]);
  return (
    <Card title="Recent ingests" flush>
      {recent.error && !recent.data && (
        <ProblemNotice
          problem={asProblem(recent.error)}
          what="Recent ingests could not be read"
          onRetry={() => recent.refetch()}
        />
      )}
      {recent.isPending && (
        <div className={styles.loading}>
          <Skeleton height={44} lines={4} />
        </div>
      )}
      {recent.data && runs.length === 0 && (
        <EmptyState icon="ingest" title="No ingest yet">
          Choose a folder and start. To see it work first, run <code>headway sample ./media</code>: it writes
          a small folder of pictures with metadata, duplicates and a few broken files.
        </EmptyState>
      )}
      <ul className={styles.recent}>
        {runs.map((run) => (
          <li key={run.id}>
            <Link href={`/ingest/${run.id}`} className={styles.run}>
              <span className={styles.title}>
                <Name text={run.title} />
                <StateBadge state={run.state} />
              </span>
              <span className={styles.about}>
                <RelativeTime at={run.created_at} live={run.ended_at === null} />
                <span className="figures">
                  {format.number(processedFiles(run))} files
                  {(run.counters.errors ?? 0) > 0 && `, ${format.plural(run.counters.errors ?? 0, "error")}`}
                </span>
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
function recentRuns(
  fetched: readonly RunSummary[],
  live: readonly { run: RunSummary }[],
): readonly RunSummary[] {
  const runs = new Map(fetched.map((run) => [run.id, run]));
  for (const { run } of live) if (run.app === "ingest") runs.set(run.id, run);
  return [...runs.values()].sort((a, b) => b.created_at - a.created_at).slice(0, RECENT_INGESTS);
}
