import { useMemo } from "react";
import { Link } from "wouter";
import { asProblem, type RunSummary } from "../../api";
import {
  Button,
  Card,
  type Column,
  ConnectionBadge,
  EmptyState,
  format,
  Name,
  Notice,
  ProblemNotice,
  ProgressCard,
  Skeleton,
  StatCard,
  Table,
  toast,
  toastProblem,
} from "../../design";
import { CommitBar } from "./CommitBar";
import styles from "./CommitStep.module.css";
import { commitFigures, type RejectedRow, rejectedRows } from "./commit.model";
import type { LiveIngest } from "./ingest.live";
import { useRejectedFiles, useRunAction } from "./ingest.query";

/** The Commit step: each file as it goes in, what was rejected and why, and the way to the library. */
export function CommitStep({ run, live }: { run: RunSummary; live: LiveIngest }) {
  const figures = useMemo(() => commitFigures(run), [run]);
  if (live.phase === "processing" || live.phase === "preview") {
    return (
      <>
        <CommitBar run={run} live={live} />
        <EmptyState icon="library" title="Nothing is committed yet">
          Nothing goes into the library before you press Commit. What was processed stays ready, also after a
          restart.
        </EmptyState>
      </>
    );
  }
  return (
    <div className={styles.commit}>
      <ProgressCard
        label="Commit progress"
        bar="Files committed"
        percent={figures.percent}
        parts={[
          { tone: "done", share: figures.doneShare },
          { tone: "failed", share: figures.failedShare },
        ]}
        head={<ConnectionBadge connection={live.connection} />}
      >
        <div className={styles.figures}>
          <StatCard label="Committed" value={format.number(figures.committed)} note="in the library" />
          <StatCard
            label="Rejected"
            value={format.number(figures.rejected)}
            note="each can be tried again"
            {...(figures.rejected > 0 ? { tone: "failed" as const } : {})}
          />
          <StatCard
            label="Failed before"
            value={format.number(live.watch.stats.failed)}
            note="while processing"
          />
        </div>
      </ProgressCard>
      {live.phase === "done" && <EndNotice run={run} committed={figures.committed} />}
      <Rejected run={run} live={live} />
    </div>
  );
}

function EndNotice({ run, committed }: { run: RunSummary; committed: number }) {
  if (committed === 0) {
    return (
      <Notice tone={run.state === "cancelled" ? "info" : "warn"} title="Nothing went into the library">
        {run.state === "cancelled" ? "The ingest was cancelled." : "No file of this ingest was committed."}
      </Notice>
    );
  }
  return (
    <Notice
      tone="done"
      title={`${format.plural(committed, "file")} in the library`}
      action={
        <Link href="/library?sort=added" className={styles.link}>
          Open the library
        </Link>
      }
    >
      A second commit of this ingest would add nothing.
    </Notice>
  );
}

function columnsOf(run: string): readonly Column<RejectedRow>[] {
  return [
    {
      key: "file",
      title: "File",
      width: "minmax(120px, 1fr)",
      cell: (row) => (
        <Link href={`/ingest/${run}?${new URLSearchParams({ step: "preview", file: row.key }).toString()}`}>
          <Name text={row.name} mono />
        </Link>
      ),
    },
    { key: "stage", title: "Stage", width: "90px", wide: true, cell: (row) => row.stage },
    {
      key: "reason",
      title: "Reason",
      width: "minmax(160px, 2fr)",
      cell: (row) => <Name text={row.reason} />,
    },
    { key: "code", title: "Code", width: "160px", wide: true, cell: (row) => <code>{row.code}</code> },
  ];
}

function Rejected({ run, live }: { run: RunSummary; live: LiveIngest }) {
  const files = useRejectedFiles(run.id, `${live.phase}-${live.watch.stats.failed}`);
  const retry = useRunAction(run.id);
  const rows = useMemo(() => rejectedRows(files.data ?? []), [files.data]);
  const columns = useMemo(() => columnsOf(run.id), [run.id]);
  const canRetry = live.phase === "done" && run.state !== "cancelled";
  const count = rows.length;
  return (
    <Card
      title={`Rejected and failed files (${format.number(count)})`}
      flush
      actions={
        count > 0 && (
          <Button
            icon="retry"
            busy={retry.isPending}
            disabled={!canRetry}
            title={canRetry ? undefined : "Possible when the commit has ended, unless it was cancelled"}
            onClick={() =>
              retry.mutate("retry", {
                onSuccess: () => toast("done", `${format.plural(count, "failed file")} tried again.`),
                onError: (error) => toastProblem("The files were not tried again", error),
              })
            }
          >
            Retry {format.plural(count, "failed file")}
          </Button>
        )
      }
    >
      {files.isPending && <Skeleton height={32} lines={3} />}
      {files.error && !files.data && (
        <ProblemNotice
          problem={asProblem(files.error)}
          what="The rejected files could not be read"
          onRetry={() => files.refetch()}
        />
      )}
      {files.data && count === 0 && (
        <EmptyState icon="check" title="No file was rejected">
          A file that the library refuses is listed here with its reason and can be tried again on its own.
        </EmptyState>
      )}
      {count > 0 && (
        <Table label="Rejected and failed files" columns={columns} rows={rows} rowKey={(row) => row.key} />
      )}
    </Card>
  );
}
