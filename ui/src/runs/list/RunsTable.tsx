import { Link } from "wouter";
import type { RunSummary } from "../../api";
import { Bar, type Column, Elapsed, Name, RelativeTime, StateBadge, Table } from "../../design";
import { duration, number, percent, rate } from "../../design/format";
import { isMoving } from "../../stream";
import { runParts } from "../stages.model";
import type { SortKey } from "./list.model";
import styles from "./RunsTable.module.css";

/** The ids that are ticked. */
export type Chosen = ReadonlySet<string>;

export interface RunsTableProps {
  rows: readonly RunSummary[];
  current: string | null;
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
  sort: { key: SortKey; descending: boolean };
  onSort: (key: SortKey) => void;
  onEnd: () => void;
}

export function RunsTable({ rows, current, chosen, onChoose, sort, onSort, onEnd }: RunsTableProps) {
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <Table
      label="Runs"
      columns={columns(chosen, toggle)}
      rows={rows}
      rowKey={(run) => run.id}
      rowHeight={36}
      height={`min(calc(100dvh - 240px), ${rows.length * 36 + 2}px)`}
      current={current}
      sort={sort}
      onSort={(key) => onSort(key as SortKey)}
      onEnd={onEnd}
    />
  );
}

function columns(chosen: Chosen, toggle: (id: string) => void): Column<RunSummary>[] {
  return [
    {
      key: "choose",
      title: <span className="sr">Chosen</span>,
      width: "32px",
      wide: true,
      cell: (run) => (
        <input
          type="checkbox"
          className={styles.check}
          aria-label={`Choose ${run.title}`}
          checked={chosen.has(run.id)}
          onChange={() => toggle(run.id)}
        />
      ),
    },
    {
      key: "state",
      title: "State",
      sort: "state",
      width: "minmax(118px, 184px)",
      narrowWidth: "118px",
      cell: (run) => <StateBadge state={run.state} />,
    },
    {
      key: "title",
      title: "Run",
      sort: "title",
      width: "minmax(96px, 2fr)",
      cell: (run) => (
        <Link href={`/runs/${run.id}`}>
          <Name text={run.title} />
        </Link>
      ),
    },
    {
      key: "pipeline",
      title: "Pipeline",
      width: "minmax(80px, 124px)",
      wide: true,
      cell: (run) => <Name text={run.pipeline.title} />,
    },
    {
      key: "progress",
      title: "Progress",
      sort: "progress",
      width: "minmax(104px, 1fr)",
      narrowWidth: "72px",
      cell: (run) => (
        <span className={styles.progress}>
          <Bar
            parts={runParts(run)}
            label={`Progress of ${run.title}`}
            percent={run.figures.percent}
            size="thin"
          />
          <span className={styles.percent}>{percent(run.figures.percent)}</span>
        </span>
      ),
    },
    {
      key: "items",
      title: "Done",
      width: "72px",
      align: "end",
      wide: true,
      cell: (run) => number(run.figures.done),
    },
    {
      key: "failed",
      title: "Failed",
      width: "64px",
      align: "end",
      wide: true,
      cell: (run) => (
        <span className={run.figures.failed > 0 ? styles.failed : styles.quiet}>
          {number(run.figures.failed)}
        </span>
      ),
    },
    {
      key: "rate",
      title: "Rate",
      width: "76px",
      align: "end",
      wide: true,
      cell: (run) => (
        <span className={styles.quiet}>{run.state === "running" ? rate(run.rate_per_s) : ""}</span>
      ),
    },
    {
      key: "duration",
      title: "Took",
      sort: "duration",
      width: "100px",
      align: "end",
      wide: true,
      cell: (run) =>
        run.ended_at !== null && run.started_at !== null ? (
          duration(run.ended_at - run.started_at)
        ) : (
          <Elapsed from={run.started_at} to={null} live={run.state !== "paused"} />
        ),
    },
    {
      key: "created",
      title: "Created",
      sort: "created",
      width: "92px",
      align: "end",
      wide: true,
      cell: (run) => <RelativeTime at={run.created_at} live={isMoving(run.state)} />,
    },
  ];
}
