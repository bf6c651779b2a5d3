import { lazy, Suspense } from "react";
import { useParams } from "wouter";
import { asProblem, ProblemError, type RunSummary } from "../../api";
import { useUrlState } from "../../app/url";
import { EmptyState, Page, ProblemNotice, Skeleton, type Tab, Tabs } from "../../design";
import { number } from "../../design/format";
import { type RunView, useResets, useRun } from "../../stream";
import { ErrorGroups } from "./ErrorGroups";
import { RunHeader } from "./RunHeader";
import { StageStrip } from "./StageStrip";
import { WaitingNotice } from "./WaitingNotice";

const TABS = {
  timeline: lazy(() => import("./timeline/TimelineTab")),
  items: lazy(() => import("./items/ItemsTab")),
  log: lazy(() => import("./log/LogTab")),
  events: lazy(() => import("./events/EventsTab")),
  limits: lazy(() => import("./limits/RunLimitsTab")),
  io: lazy(() => import("./io/InputOutputTab")),
};
type TabId = keyof typeof TABS;

/** What every tab of a run gets. */
export interface RunTabProps {
  view: RunView;
}

/** One run: what it does, what went wrong, what it needs, and everything it did. */
export default function RunPage() {
  const { id = "" } = useParams<{ id: string }>();
  const resets = useResets();
  return <LiveRun key={`${id} ${resets}`} id={id} />;
}

function LiveRun({ id }: { id: string }) {
  const { view, connection, error, refetch } = useRun(id);
  if (!view) {
    if (error instanceof ProblemError && error.status === 404) return <Gone id={id} />;
    return (
      <Page title="Run">
        {error ? (
          <ProblemNotice problem={asProblem(error)} what="The run could not be loaded" onRetry={refetch} />
        ) : (
          <>
            <Skeleton height={56} />
            <Skeleton height={96} />
            <Skeleton height={240} />
          </>
        )}
      </Page>
    );
  }
  return (
    <Page
      title={tabTitle(view.run)}
      crumb={view.run.title}
      heading={<RunHeader view={view} connection={connection} />}
    >
      {error && (
        <ProblemNotice
          problem={asProblem(error)}
          what="The run could not be refreshed; it shows what was known"
          onRetry={refetch}
        />
      )}
      <WaitingNotice run={view.run} />
      <ErrorGroups run={view.run} />
      <StageStrip run={view.run} />
      <RunTabs view={view} />
    </Page>
  );
}

/** In the browser's tab a running run shows how far it is. */
function tabTitle(run: RunSummary): string {
  return run.state === "running" ? `${Math.floor(run.figures.percent)} % · ${run.title}` : run.title;
}

function RunTabs({ view }: { view: RunView }) {
  const url = useUrlState();
  const asked = url.get("tab");
  const tab: TabId = isTab(asked) ? asked : "timeline";
  const Open = TABS[tab];
  return (
    <Tabs
      label="Parts of the run"
      tabs={tabs(view)}
      value={tab}
      onChange={(next) => url.set({ tab: next === "timeline" ? null : next, item: null })}
    >
      <Suspense fallback={<Skeleton height={240} />}>
        <Open view={view} />
      </Suspense>
    </Tabs>
  );
}

function tabs({ run }: RunView): Tab[] {
  return [
    { id: "timeline", title: "Timeline" },
    { id: "items", title: "Items", count: number(run.figures.total) },
    { id: "log", title: "Log" },
    { id: "events", title: "Events", count: number(run.run_seq) },
    { id: "limits", title: "Limits" },
    { id: "io", title: "Input and output" },
  ];
}

function isTab(text: string): text is TabId {
  return Object.hasOwn(TABS, text);
}

function Gone({ id }: { id: string }) {
  return (
    <Page title="No such run">
      <EmptyState icon="search" title="No run has this id">
        <code>{id}</code> may be mistyped, or the run was removed by retention. All runs stand under{" "}
        <a href="/runs">Runs</a>.
      </EmptyState>
    </Page>
  );
}
