import { lazy, Suspense, useMemo } from "react";
import { Link, useParams } from "wouter";
import {
  asProblem,
  type BacklogItem,
  type BacklogSession,
  ProblemError,
  type RunSummary,
  type Stage,
} from "../../api";
import { useUrlState } from "../../app/url";
import {
  Card,
  ConnectionBadge,
  EmptyState,
  Name,
  Notice,
  Page,
  ProblemNotice,
  ProgressCard,
  Skeleton,
  StateBadge,
  Tabs,
} from "../../design";
import { number, plural } from "../../design/format";
import { DeliveriesBar } from "../../runs/DeliveriesBar";
import { ErrorGroups } from "../../runs/run/ErrorGroups";
import { RunActions } from "../../runs/run/RunActions";
import { StageBars } from "../../runs/StageBars";
import { runParts } from "../../runs/stages.model";
import { NO_DELIVERIES } from "../../stream";
import styles from "./BacklogRunPage.module.css";
import { type LiveBacklog, useLiveBacklog } from "./backlog.live";
import { ExportMenu } from "./ExportMenu";
import { Figures } from "./Figures";
import { Needs } from "./Needs";
import { TreeView } from "./TreeView";
import { treeOf, writtenBy } from "./tree.model";

const DryRunView = lazy(() => import("./DryRunView"));
const VisionView = lazy(() => import("./VisionView"));
const NO_ITEMS: readonly BacklogItem[] = [];

/** `/backlog/:run`: the tree as it grows, is looked over, and arrives at its destination. */
export default function BacklogRunPage() {
  const { run = "" } = useParams<{ run: string }>();
  return <OneBacklog key={run} id={run} />;
}

function OneBacklog({ id }: { id: string }) {
  const live = useLiveBacklog(id);
  const { session, run, error } = live;
  if (session !== null && run !== null) return <Loaded live={live} session={session} run={run} />;
  return (
    <Page title="Backlog">
      {error instanceof ProblemError && error.status === 404 ? (
        <EmptyState icon="search" title="No backlog has this id">
          <code>{id}</code> may be mistyped, or the run was removed by retention.
        </EmptyState>
      ) : error ? (
        <ProblemNotice
          problem={asProblem(error)}
          what="The backlog could not be loaded"
          onRetry={live.refetch}
        />
      ) : (
        <>
          <Skeleton height={56} />
          <Skeleton height={72} />
          <Skeleton height={28} lines={12} />
        </>
      )}
    </Page>
  );
}

interface LoadedProps {
  live: LiveBacklog;
  session: BacklogSession;
  run: RunSummary;
}

function Loaded({ live, session, run }: LoadedProps) {
  const tree = useMemo(() => treeOf(live.items ?? NO_ITEMS), [live.items]);
  return (
    <Page
      title={`Backlog ${run.title}`}
      crumb={run.title}
      heading={
        <div className={styles.heading}>
          <StateBadge state={run.state} />
          <h1>
            <Name text={run.title} />
          </h1>
        </div>
      }
    >
      {live.error !== null && (
        <ProblemNotice
          problem={asProblem(live.error)}
          what="What is shown may be old"
          onRetry={live.refetch}
        />
      )}
      <div className={styles.verbs}>
        <RunActions run={run} />
        <ExportMenu run={run.id} />
        <Link href={`/runs/${run.id}`}>Open the run</Link>
      </div>
      <Needs run={run} session={session} tree={tree} />
      <ErrorGroups run={run} />
      {session.notes.length > 0 && (
        <Notice title="How it was written">
          {session.notes.map((note) => (
            <p key={note}>
              <Name text={note} />
            </p>
          ))}
        </Notice>
      )}
      <Progress live={live} session={session} run={run} />
      <Parts live={live} session={session} run={run} tree={tree} />
    </Page>
  );
}

function Progress({ live, session, run }: LoadedProps) {
  const countOf = (stage: Stage) => {
    const written = writtenBy(run, stage.name);
    return written === null ? null : plural(written, "item");
  };
  const { staged } = run.deliveries ?? NO_DELIVERIES;
  return (
    <div className={styles.progress}>
      <div className={styles.left}>
        <ProgressCard
          label="Overall progress"
          bar={`Progress of ${run.title}`}
          percent={run.figures.percent}
          parts={runParts(run)}
          head={
            <>
              <ConnectionBadge connection={live.connection} />
              <span>{PHASES[session.phase]}</span>
            </>
          }
        >
          {staged > 0 && <DeliveriesBar run={run} />}
        </ProgressCard>
        <Figures session={session} run={run} />
      </div>
      <Card title="Stages">
        <StageBars stages={run.stages} countOf={countOf} />
      </Card>
    </div>
  );
}

const PHASES: Record<BacklogSession["phase"], string> = {
  generating: "Writing",
  review: "Waiting for your review",
  delivering: "On the way to the destination",
  done: "Over",
};

const TABS = [
  { id: "tree", title: "Items" },
  { id: "dry-run", title: "Dry run" },
  { id: "vision", title: "Vision and parameters" },
];

function Parts({ live, session, run, tree }: LoadedProps & { tree: ReturnType<typeof treeOf> }) {
  const url = useUrlState();
  const asked = url.get("tab");
  const tab = asked === "dry-run" || asked === "vision" ? asked : "tree";
  return (
    <Tabs
      label="Parts of the backlog"
      tabs={TABS.map((each) => (each.id === "tree" ? { ...each, count: number(tree.items.length) } : each))}
      value={tab}
      onChange={(next) => url.set({ tab: next === "tree" ? null : next, item: null })}
    >
      <Suspense fallback={<Skeleton height={240} />}>
        {tab === "tree" && <TreeView tree={tree} run={run} session={session} loading={live.items === null} />}
        {tab === "dry-run" && <DryRunView run={run.id} to={session.params.to ?? null} />}
        {tab === "vision" && <VisionView params={session.params} author={session.author} />}
      </Suspense>
    </Tabs>
  );
}
