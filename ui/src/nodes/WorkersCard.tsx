import { asProblem, type Worker } from "../api";
import { useUrlState } from "../app/url";
import {
  Badge,
  Card,
  type Column,
  EmptyState,
  Facts,
  FilterToggles,
  Name,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  Table,
} from "../design";
import { number, plural } from "../design/format";
import { useNodes } from "./nodes.query";
import styles from "./WorkersCard.module.css";
import { isGone, shown, summary } from "./workers.model";

/** The processes that share the store, and what they share. */
export function WorkersCard() {
  const nodes = useNodes();
  const url = useUrlState();
  const withGone = url.get("gone") === "1";
  const all = nodes.data?.items ?? [];
  const rows = shown(all, withGone);
  const gone = all.filter(isGone).length;
  return (
    <>
      {nodes.data && (
        <Card title="Store">
          <Facts
            facts={[
              [
                "Kind",
                nodes.data.store.kind === "sqlite"
                  ? "SQLite: one process"
                  : "PostgreSQL: any number of processes",
              ],
              ["Place", <Name key="place" text={nodes.data.store.place} mono />],
              ["Engine", nodes.data.engine === "temporal" ? "Temporal" : "Headway's own"],
              ["Workers", summary(all)],
            ]}
          />
        </Card>
      )}
      <Card
        title="Workers"
        flush
        actions={
          gone > 0 && (
            <FilterToggles
              label="Which workers"
              options={[["gone", `Ended and lost (${number(gone)})`]]}
              chosen={withGone ? ["gone"] : []}
              onChange={(chosen) => url.set({ gone: chosen.length > 0 ? "1" : null })}
            />
          )
        }
      >
        {nodes.error && (
          <ProblemNotice
            problem={asProblem(nodes.error)}
            what="The workers could not be listed"
            onRetry={() => nodes.refetch()}
          />
        )}
        {!nodes.data && !nodes.error && <Skeleton height={32} lines={2} />}
        {nodes.data && rows.length === 0 && (
          <EmptyState icon="nodes" title="No worker is there">
            The server runs work itself; it is listed here from its first heartbeat on.
          </EmptyState>
        )}
        {rows.length > 0 && (
          <Table label="Workers" columns={COLUMNS} rows={rows} rowKey={(worker) => worker.id} />
        )}
      </Card>
    </>
  );
}

const STATES: Record<Worker["state"], React.ReactNode> = {
  live: (
    <Badge tone="done" icon="signal">
      Live
    </Badge>
  ),
  draining: (
    <Badge tone="waiting" icon="waiting" title="Ends what it holds, takes nothing new">
      Draining
    </Badge>
  ),
  lost: (
    <Badge tone="failed" icon="offline" title="Not heard of within its lease: its tasks go to others">
      Lost
    </Badge>
  ),
  ended: (
    <Badge tone="queued" icon="check">
      Ended
    </Badge>
  ),
};

/** Whether anything is still expected of it: only then its times follow the clock. */
const moves = (worker: Worker) => worker.state === "live" || worker.state === "draining";

const COLUMNS: readonly Column<Worker>[] = [
  { key: "state", title: "State", width: "108px", cell: (worker) => STATES[worker.state] },
  {
    key: "name",
    title: "Worker",
    width: "minmax(120px, 2fr)",
    cell: (worker) => (
      <>
        <Name text={worker.name} mono />
        {worker.here && (
          <span className={styles.here} title="It serves this page">
            this page
          </span>
        )}
      </>
    ),
  },
  {
    key: "host",
    title: "Host",
    width: "minmax(90px, 1fr)",
    wide: true,
    cell: (worker) => <Name text={worker.host} mono />,
  },
  { key: "pid", title: "Process", width: "80px", align: "end", wide: true, cell: (worker) => worker.pid },
  {
    key: "held",
    title: "Holds",
    width: "72px",
    align: "end",
    cell: (worker) => (
      <span title={`${plural(worker.held, "task")}: leased, or under way`}>{number(worker.held)}</span>
    ),
  },
  {
    key: "heartbeat",
    title: "Heartbeat",
    width: "96px",
    align: "end",
    wide: true,
    cell: (worker) => <RelativeTime at={worker.heartbeat_at} live={moves(worker)} />,
  },
  {
    key: "lease",
    title: "Lease until",
    width: "96px",
    align: "end",
    wide: true,
    cell: (worker) =>
      worker.state === "ended" ? "–" : <RelativeTime at={worker.lease_until} live={moves(worker)} />,
  },
  {
    key: "started",
    title: "Started",
    width: "96px",
    align: "end",
    wide: true,
    cell: (worker) => <RelativeTime at={worker.started_at} />,
  },
  {
    key: "version",
    title: "Version",
    width: "72px",
    align: "end",
    wide: true,
    cell: (worker) => worker.version,
  },
];
