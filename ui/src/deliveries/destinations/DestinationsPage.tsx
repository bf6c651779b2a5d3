import { Link } from "wouter";
import { asProblem } from "../../api";
import { useUrlState } from "../../app/url";
import { Button, EmptyState, Page, ProblemNotice, Skeleton } from "../../design";
import { may, useSession } from "../../session/session.query";
import { useDeliveryFacts } from "../deliveries.live";
import { DestinationCard } from "./DestinationCard";
import { DestinationPanel } from "./DestinationPanel";
import styles from "./DestinationsPage.module.css";
import { useDestinations } from "./destinations.query";
import { SecretsCard } from "./SecretsCard";

/** Limiter, breaker and rate have no stream of their own; they are asked for while the page is open and seen. */
const REFRESH_MS = 5_000;
const NO_RUNS: readonly string[] = [];

/** Where deliveries go, how each place stands, and what it signs in with. */
export default function DestinationsPage() {
  const url = useUrlState();
  const session = useSession();
  useDeliveryFacts("", NO_RUNS);
  const query = useDestinations(REFRESH_MS);
  const mayWrite = may(session.data, "destinations:write");
  const editing = query.data?.find(({ name }) => name === url.get("edit")) ?? null;
  const adding = url.get("new") !== "";
  const close = () => url.set({ edit: null, new: null });
  return (
    <Page
      title="Destinations"
      actions={
        <>
          <Link href="/deliveries" asChild>
            <Button icon="send">Deliveries</Button>
          </Link>
          {mayWrite && (
            <Button kind="primary" icon="plus" onClick={() => url.set({ new: true, edit: null })}>
              Add a destination
            </Button>
          )}
        </>
      }
    >
      {query.error && (
        <ProblemNotice
          problem={asProblem(query.error)}
          what="The destinations could not be loaded"
          onRetry={() => query.refetch()}
        />
      )}
      {!query.data && !query.error && <Skeleton height={168} lines={3} />}
      {query.data?.length === 0 && (
        <EmptyState icon="place" title="No destination yet">
          A destination is a system that deliveries go to: a tracker, an issue list, a webhook, or a folder of
          files to try it all out. Its secret is kept encrypted and never shown again.
        </EmptyState>
      )}
      {query.data && query.data.length > 0 && (
        <ul className={styles.cards} aria-label="Destinations">
          {query.data.map((destination) => (
            <li key={destination.name}>
              <DestinationCard
                destination={destination}
                mayWork={may(session.data, "outbox:write")}
                mayChange={mayWrite}
                marked={url.get("name") === destination.name}
                onEdit={() => url.set({ edit: destination.name, new: null })}
              />
            </li>
          ))}
        </ul>
      )}
      <SecretsCard />
      {(adding || editing) && (
        <DestinationPanel
          key={editing?.name ?? ""}
          existing={editing}
          taken={query.data?.map(({ name }) => name) ?? []}
          onClose={close}
        />
      )}
    </Page>
  );
}
