import { type ComponentType, lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { EmptyState, Page, Skeleton } from "../design";
import { PageBoundary } from "./PageBoundary";

/** Every page is loaded when it is first opened. */
const pages = {
  home: lazy(() => import("../home/HomePage")),
  runs: lazy(() => import("../runs/list/RunsPage")),
  run: lazy(() => import("../runs/run/RunPage")),
  ingest: lazy(() => import("../apps/ingest/IngestPage")),
  ingestRun: lazy(() => import("../apps/ingest/IngestRunPage")),
  library: lazy(() => import("../apps/library/LibraryPage")),
  backlog: lazy(() => import("../apps/backlog/BacklogPage")),
  backlogRun: lazy(() => import("../apps/backlog/BacklogRunPage")),
  deliveries: lazy(() => import("../deliveries/list/DeliveriesPage")),
  destinations: lazy(() => import("../deliveries/destinations/DestinationsPage")),
  nodes: lazy(() => import("../nodes/NodesPage")),
  settings: lazy(() => import("../settings/SettingsPage")),
};

const ROUTES: readonly (readonly [path: string, page: ComponentType])[] = [
  ["/", pages.home],
  ["/runs", pages.runs],
  ["/runs/:id", pages.run],
  ["/ingest", pages.ingest],
  ["/ingest/:run", pages.ingestRun],
  ["/library", pages.library],
  ["/library/:id", pages.library],
  ["/backlog", pages.backlog],
  ["/backlog/:run", pages.backlogRun],
  ["/deliveries", pages.deliveries],
  ["/destinations", pages.destinations],
  ["/nodes", pages.nodes],
  ["/settings/*?", pages.settings],
];

export function Routes() {
  const [location] = useLocation();
  return (
    <PageBoundary place={location}>
      <Suspense fallback={<PageSkeleton />}>
        <Switch>
          {ROUTES.map(([path, Component]) => (
            <Route key={path} path={path} component={Component} />
          ))}
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </PageBoundary>
  );
}

function PageSkeleton() {
  return (
    <Page title="Loading">
      <Skeleton height={72} />
      <Skeleton height={32} lines={8} />
    </Page>
  );
}

function NotFound() {
  return (
    <Page title="Nothing here">
      <EmptyState icon="search" title="No page has this address" action={<a href="/">Go home</a>}>
        The link may be old or cut short. Press Ctrl K to search.
      </EmptyState>
    </Page>
  );
}
