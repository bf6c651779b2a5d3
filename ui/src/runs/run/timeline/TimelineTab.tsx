import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { asProblem, type RunSummary, type Timeline } from "../../../api";
import { useUrlState } from "../../../app/url";
import {
  Button,
  Card,
  type Column,
  EmptyState,
  Name,
  Notice,
  ProblemNotice,
  Skeleton,
  Table,
  Toolbar,
  useNow,
} from "../../../design";
import { duration, number } from "../../../design/format";
import { useCalmly } from "../../../stream";
import { useTimeline } from "../../runs.query";
import { ItemPanel } from "../items/ItemPanel";
import { itemParam, parseItemParam } from "../items/items.model";
import type { RunTabProps } from "../RunPage";
import { Gantt } from "./Gantt";
import styles from "./TimelineTab.module.css";
import { extent, layOut, parseSpan, type Span, spanParam, zoom } from "./timeline.model";

const REFRESH_MS = 3_000;

/** When each stage and attempt ran, failures marked; the same as a table below. */
export default function TimelineTab({ view }: RunTabProps) {
  const { run } = view;
  const query = useTimeline(run.id);
  useRefresh(run);
  const url = useUrlState();
  const item = parseItemParam(url.get("item"));
  if (query.error && !query.data) {
    return (
      <ProblemNotice
        problem={asProblem(query.error)}
        what="The timeline could not be loaded"
        onRetry={() => query.refetch()}
      />
    );
  }
  if (!query.data) return <Skeleton height={280} />;
  if (run.started_at === null || query.data.stages.every((stage) => stage.opened_at === null)) {
    return (
      <EmptyState icon="queued" title="Nothing has run yet">
        The chart begins with the first stage.
      </EmptyState>
    );
  }
  return (
    <>
      <Chart
        run={run}
        startedAt={run.started_at}
        timeline={query.data}
        onOpen={(stage, key) => url.set({ item: itemParam(stage, key) })}
      />
      {item && (
        <ItemPanel run={run} stage={item.stage} itemKey={item.key} onClose={() => url.set({ item: null })} />
      )}
    </>
  );
}

interface ChartProps {
  run: RunSummary;
  startedAt: number;
  timeline: Timeline;
  onOpen: (stage: string, key: string) => void;
}

function Chart({ run, startedAt, timeline, onOpen }: ChartProps) {
  const url = useUrlState();
  const ticking = useNow(run.state === "running" ? "ticking" : "still");
  const now = run.ended_at ?? ticking;
  const rows = useMemo(() => layOut(timeline, now), [timeline, now]);
  const whole = useMemo(() => extent(rows, startedAt, now), [rows, startedAt, now]);
  const seen = parseSpan(url.get("span"), whole, startedAt);
  const see = (next: Span) => url.set({ span: spanParam(next, whole, startedAt) });
  const titles = useMemo(() => new Map(run.stages.map((stage) => [stage.name, stage.title])), [run.stages]);
  return (
    <div className={styles.timeline}>
      <Toolbar label="Zoom">
        <Button icon="plus" onClick={() => see(zoom(seen, whole, 0.5, 0.5))}>
          Zoom in
        </Button>
        <Button onClick={() => see(zoom(seen, whole, 2, 0.5))}>Zoom out</Button>
        <Button onClick={() => see(whole)}>All</Button>
        <span className={styles.about}>
          {duration(seen.to - seen.from)} shown, {number(timeline.attempts.length)} attempts. Drag to move,
          Ctrl and wheel to zoom.
        </span>
      </Toolbar>
      {timeline.truncated && (
        <Notice tone="info" title="Not every attempt is drawn">
          Failures and the longest attempts are; the figures of the stages count all.
        </Notice>
      )}
      <Card flush>
        <Gantt
          rows={rows}
          titles={titles}
          whole={whole}
          seen={seen}
          origin={startedAt}
          onSee={see}
          onOpen={onOpen}
        />
      </Card>
      <details className={styles.table}>
        <summary>As a table</summary>
        <Table
          label="Attempts"
          columns={attemptColumns(titles, startedAt)}
          rows={timeline.attempts}
          rowKey={(attempt) => `${attempt.stage} ${attempt.key} ${attempt.attempt}`}
          height={360}
          onOpen={(attempt) => onOpen(attempt.stage, attempt.key)}
        />
      </details>
    </div>
  );
}

function attemptColumns(
  titles: ReadonlyMap<string, string>,
  origin: number,
): Column<Timeline["attempts"][number]>[] {
  return [
    {
      key: "stage",
      title: "Stage",
      width: "120px",
      cell: (attempt) => titles.get(attempt.stage) ?? attempt.stage,
    },
    {
      key: "key",
      title: "Item",
      width: "minmax(120px, 1fr)",
      cell: (attempt) => <Name text={attempt.key} mono />,
    },
    {
      key: "attempt",
      title: "Attempt",
      width: "72px",
      align: "end",
      wide: true,
      cell: (attempt) => attempt.attempt,
    },
    { key: "outcome", title: "Outcome", width: "96px", cell: (attempt) => attempt.outcome ?? "in flight" },
    {
      key: "start",
      title: "After",
      width: "96px",
      align: "end",
      wide: true,
      cell: (attempt) => duration(attempt.started_at - origin),
    },
    {
      key: "took",
      title: "Took",
      width: "96px",
      align: "end",
      cell: (attempt) => (attempt.ended_at === null ? "–" : duration(attempt.ended_at - attempt.started_at)),
    },
  ];
}

/** Fetches the timeline again while the run moves, calmly, and once more at its end. */
function useRefresh(run: RunSummary) {
  const client = useQueryClient();
  useCalmly(`${run.run_seq} ${run.state}`, REFRESH_MS, () =>
    client.invalidateQueries({ queryKey: ["run-timeline", run.id] }),
  );
}
