import { useMemo, useState } from "react";
import { Link } from "wouter";
import { asProblem, type Delivery } from "../../api";
import { useUrlState } from "../../app/url";
import { Button, Card, EmptyState, Page, ProblemNotice, Skeleton, useListKeys } from "../../design";
import { may, useSession } from "../../session/session.query";
import { useDeliveryFacts, useLookMs } from "../deliveries.live";
import { useDeliveryPages, useDeliverySummary } from "../deliveries.query";
import {
  CLEARED,
  type DeliveryFilter,
  isFiltered,
  moving,
  parseFilter,
  unsettledRuns,
} from "../filters.model";
import { DeliveriesTable } from "./DeliveriesTable";
import { DeliveryFilters } from "./DeliveryFilters";
import { DeliveryPanel } from "./DeliveryPanel";
import { DeliveryReasons } from "./DeliveryReasons";
import { ReplayBar } from "./ReplayBar";
import { useFreshList } from "./useFreshList";

/** The server follows at most so many runs for one page. */
const MAX_FOLLOWED = 20;
const NO_ROWS: readonly Delivery[] = [];
const deliveryKey = (delivery: Delivery) => delivery.id;

/** Everything staged for other systems: what is there, what is on its way, what was refused and why. */
export default function DeliveriesPage() {
  const url = useUrlState();
  const session = useSession();
  const filter = useMemo(() => parseFilter(url.params), [url.params]);
  const list = useDeliveryPages(filter);
  const pages = list.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.items), [pages]);
  const summary = useRefreshedSummary(filter, rows ?? NO_ROWS);
  useFreshList(filter, summary.data, pages?.length ?? 0);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const open = (delivery: Delivery) => url.set({ delivery: delivery.id });
  const keys = useListKeys(rows ?? NO_ROWS, deliveryKey, open);
  const panel = url.get("delivery");
  const mayReplay = may(session.data, "outbox:write");
  const problem = list.error ?? summary.error;
  return (
    <Page
      title="Deliveries"
      actions={
        <Link href="/destinations" asChild>
          <Button icon="place">Destinations</Button>
        </Link>
      }
    >
      <DeliveryFilters
        filter={filter}
        summary={summary.data}
        shown={rows?.length ?? null}
        more={list.hasNextPage}
      />
      {problem && (
        <ProblemNotice
          problem={asProblem(problem)}
          what={
            rows
              ? "The list could not be refreshed; it shows what was known"
              : "The deliveries could not be loaded"
          }
          onRetry={() => {
            list.refetch();
            summary.refetch();
          }}
        />
      )}
      <DeliveryReasons reasons={summary.data?.by_reason ?? []} filter={filter} />
      {mayReplay && rows && (
        <ReplayBar
          rows={rows}
          filter={filter}
          more={list.hasNextPage}
          chosen={chosen}
          onClear={() => setChosen(new Set())}
        />
      )}
      {!rows && !problem && <Skeleton height={36} lines={10} />}
      {rows?.length === 0 && <Nothing filter={filter} />}
      {rows && rows.length > 0 && (
        <Card flush>
          <DeliveriesTable
            rows={rows}
            current={keys.current}
            selected={panel || null}
            chosen={chosen}
            onChoose={mayReplay ? setChosen : null}
            onOpen={open}
            onEnd={() => list.hasNextPage && !list.isFetchingNextPage && list.fetchNextPage()}
          />
        </Card>
      )}
      {panel !== "" && (
        <DeliveryPanel
          key={panel}
          id={panel}
          mayReplay={mayReplay}
          onClose={() => url.set({ delivery: null })}
        />
      )}
    </Page>
  );
}

/** Counts that move: with the facts of the runs in sight, and by looking while anything is under way. */
function useRefreshedSummary(filter: DeliveryFilter, rows: readonly Delivery[]) {
  useDeliveryFacts(
    filter.run,
    useMemo(() => unsettledRuns(rows, filter.run, MAX_FOLLOWED), [rows, filter.run]),
  );
  const [unsettled, setUnsettled] = useState(0);
  const summary = useDeliverySummary(
    { run: filter.run, destination: filter.destination },
    useLookMs(unsettled),
  );
  const now = moving(summary.data);
  if (now !== unsettled) setUnsettled(now);
  return summary;
}

function Nothing({ filter }: { filter: DeliveryFilter }) {
  const url = useUrlState();
  if (isFiltered(filter)) {
    return (
      <EmptyState
        icon="filter"
        title="No delivery passes these filters"
        action={<Button onClick={() => url.set(CLEARED)}>Clear filters</Button>}
      />
    );
  }
  return (
    <EmptyState
      icon="send"
      title="Nothing has been staged yet"
      action={
        <Link href="/destinations" asChild>
          <Button kind="primary" icon="plus">
            Add a destination
          </Button>
        </Link>
      }
    >
      A delivery is one message to another system, such as a work item in a tracker. Runs stage them in the
      same transaction as their results; they are sent once, tried again as long as it takes, and kept here
      with the receipt.
    </EmptyState>
  );
}
