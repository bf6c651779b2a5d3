import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { asProblem, type RunSummary } from "../../api";
import { useUrlState } from "../../app/url";
import { Button, Card, EmptyState, Page, ProblemNotice, Skeleton, useListKeys } from "../../design";
import { may, useSession } from "../../session/session.query";
import { useOfferRuns, useRuns } from "../../stream";
import { useRunPages } from "../runs.query";
import { BulkCancel } from "./BulkCancel";
import { matches, nextSort, parseListState, sortParam, sortRuns } from "./list.model";
import { RunFilters } from "./RunFilters";
import { type Chosen, RunsTable } from "./RunsTable";

/** All runs: filtered, sorted, moving. */
export default function RunsPage() {
  const url = useUrlState();
  const state = parseListState(url.params);
  const [, navigate] = useLocation();
  const [chosen, setChosen] = useState<Chosen>(new Set());
  const query = useRunPages({ state: state.states.join(","), app: state.app, q: state.q });
  const fetched = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data]);
  useOfferRuns(query.data?.pages.at(-1));
  const rows = useRows(fetched, state);
  const open = (run: RunSummary) => navigate(`/runs/${run.id}`);
  const keys = useListKeys(rows, runKey, open);
  const filtered = state.states.length > 0 || state.app !== "" || state.q !== "";

  return (
    <Page title="Runs" actions={<StartLink />}>
      <RunFilters
        params={url.params}
        state={state}
        onChange={url.set}
        shown={rows.length}
        more={query.hasNextPage}
      />
      {query.error && (
        <ProblemNotice
          problem={asProblem(query.error)}
          what={
            fetched
              ? "The list could not be refreshed; it shows what was known"
              : "The runs could not be loaded"
          }
          onRetry={() => query.refetch()}
        />
      )}
      {chosen.size > 0 && (
        <BulkCancel runs={rows.filter((run) => chosen.has(run.id))} onDone={() => setChosen(new Set())} />
      )}
      {!fetched && !query.error && <Skeleton height={32} lines={12} />}
      {fetched && rows.length === 0 && !filtered && <FirstStep />}
      {fetched && rows.length === 0 && filtered && (
        <EmptyState
          icon="filter"
          title="No run passes these filters"
          action={<Button onClick={() => url.set({ state: null, app: null, q: null })}>Clear filters</Button>}
        />
      )}
      {rows.length > 0 && (
        <Card flush>
          <RunsTable
            rows={rows}
            current={keys.current}
            chosen={chosen}
            onChoose={setChosen}
            sort={{ key: state.sort, descending: state.descending }}
            onSort={(key) => {
              const next = nextSort(state, key);
              url.set({ sort: sortParam(next.key, next.descending) });
            }}
            onEnd={() => query.hasNextPage && !query.isFetchingNextPage && query.fetchNextPage()}
          />
        </Card>
      )}
    </Page>
  );
}

/** What was fetched, each run as it stands now, and the new ones that pass the filters. */
function useRows(fetched: RunSummary[] | undefined, state: ReturnType<typeof parseListState>): RunSummary[] {
  const live = useRuns();
  return useMemo(() => {
    if (!fetched) return [];
    const runs = new Map(fetched.map((run) => [run.id, run]));
    const oldest = fetched.at(-1)?.created_at ?? 0;
    for (const { run } of live) {
      const known = runs.get(run.id);
      // Older ones than the last page would stand at the wrong place until their page is here.
      if (known ? run.run_seq >= known.run_seq : run.created_at >= oldest) runs.set(run.id, run);
    }
    return sortRuns(
      [...runs.values()].filter((run) => matches(run, state)),
      state,
    );
  }, [fetched, live, state]);
}

const runKey = (run: RunSummary) => run.id;

function StartLink() {
  const session = useSession();
  if (!session.data?.apps.includes("ingest") || !may(session.data, "ingest:write")) return null;
  return (
    <Link href="/ingest" asChild>
      <Button kind="primary" icon="plus">
        Start an ingest
      </Button>
    </Link>
  );
}

function FirstStep() {
  return (
    <EmptyState icon="runs" title="No runs yet" action={<StartLink />}>
      A run is one execution of a pipeline on an input. It survives restarts, shows every item as it goes, and
      delivers once. Start one here, or from a terminal: <code>headway ingest DIR</code> or{" "}
      <code>headway run PIPELINE</code>.
    </EmptyState>
  );
}
