import { asProblem, type Hardware, type Worker } from "../api";
import {
  Badge,
  Card,
  type Column,
  EmptyState,
  Name,
  Page,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  StatCard,
  StatRow,
  Table,
} from "../design";
import { bytes, number } from "../design/format";
import { useLimits } from "../stream";
import { LimitCard } from "./LimitCard";
import styles from "./NodesPage.module.css";
import { REFRESH_MS, useHardware, useNodes } from "./nodes.query";

/** The machine, the workers on it, and the limits that follow from it. */
export default function NodesPage() {
  const hardware = useHardware();
  const nodes = useNodes();
  const { limits, error, refetch } = useLimits(REFRESH_MS);
  return (
    <Page title="Nodes">
      <section aria-label="Hardware">
        {hardware.error && (
          <ProblemNotice
            problem={asProblem(hardware.error)}
            what="The hardware could not be read"
            onRetry={() => hardware.refetch()}
          />
        )}
        {hardware.data ? (
          <HardwareRow hardware={hardware.data} />
        ) : (
          !hardware.error && <Skeleton height={72} />
        )}
      </section>
      <Card title="Workers" flush>
        {nodes.error && (
          <ProblemNotice
            problem={asProblem(nodes.error)}
            what="The workers could not be listed"
            onRetry={() => nodes.refetch()}
          />
        )}
        {!nodes.data && !nodes.error && <Skeleton height={32} lines={2} />}
        {nodes.data?.length === 0 && (
          <EmptyState icon="nodes" title="No worker is known">
            The server runs work itself; it is listed here from its first heartbeat on.
          </EmptyState>
        )}
        {nodes.data && nodes.data.length > 0 && (
          <Table label="Workers" columns={COLUMNS} rows={nodes.data} rowKey={(worker) => worker.id} />
        )}
      </Card>
      <section aria-label="Limits" className={styles.limits}>
        {error && !limits && (
          <ProblemNotice problem={asProblem(error)} what="The limits could not be loaded" onRetry={refetch} />
        )}
        {!limits && !error && <Skeleton height={200} />}
        {limits?.map((limit) => (
          <LimitCard key={limit.class} limit={limit} />
        ))}
      </section>
      {limits?.length === 0 && (
        <EmptyState title="No limits yet">
          They appear with the first stage that waits for CPU, input and output, or a rate-limited service.
        </EmptyState>
      )}
    </Page>
  );
}

function HardwareRow({ hardware }: { hardware: Hardware }) {
  const { pressure } = hardware;
  const share =
    hardware.memory_limit_bytes > 0 ? hardware.memory_used_bytes / hardware.memory_limit_bytes : 0;
  return (
    <StatRow>
      <StatCard
        label="CPUs"
        value={number(hardware.cpus_effective, Number.isInteger(hardware.cpus_effective) ? 0 : 1)}
        note={`of ${number(hardware.cpus_online)} online, by ${hardware.source}`}
      />
      <StatCard label="Load" value={number(hardware.load, 2)} note="runnable, last minute" />
      <StatCard
        label="Memory"
        value={bytes(hardware.memory_used_bytes)}
        note={`of ${bytes(hardware.memory_limit_bytes)} (${number(share * 100)} %)`}
        {...(share > 0.9 ? { tone: "failed" as const } : {})}
      />
      {pressure ? (
        <>
          <Pressure name="CPU" value={pressure.cpu} />
          <Pressure name="I/O" value={pressure.io} />
          <Pressure name="Memory" value={pressure.memory} />
        </>
      ) : (
        <StatCard label="Pressure" value="–" note="this kernel does not tell" />
      )}
    </StatRow>
  );
}

/** Share of the last 10 s in which something waited. */
function Pressure({ name, value }: { name: string; value: number }) {
  return (
    <StatCard
      label={`${name} pressure`}
      value={`${number(value, 1)} %`}
      note="waiting, last 10 s"
      {...(value > 25 ? { tone: "warn" as const } : {})}
    />
  );
}

const STATES: Record<Worker["state"], React.ReactNode> = {
  live: (
    <Badge tone="done" icon="signal">
      Live
    </Badge>
  ),
  draining: (
    <Badge tone="waiting" icon="waiting">
      Draining
    </Badge>
  ),
  lost: (
    <Badge tone="failed" icon="offline">
      Lost
    </Badge>
  ),
};

const COLUMNS: readonly Column<Worker>[] = [
  { key: "state", title: "State", width: "108px", cell: (worker) => STATES[worker.state] },
  {
    key: "name",
    title: "Worker",
    width: "minmax(120px, 1fr)",
    cell: (worker) => <Name text={worker.name} mono />,
  },
  {
    key: "host",
    title: "Host",
    width: "minmax(100px, 1fr)",
    wide: true,
    cell: (worker) => <Name text={worker.host} mono />,
  },
  { key: "pid", title: "Process", width: "84px", align: "end", wide: true, cell: (worker) => worker.pid },
  {
    key: "in_flight",
    title: "In flight",
    width: "84px",
    align: "end",
    cell: (worker) => number(worker.in_flight),
  },
  {
    key: "heartbeat",
    title: "Heartbeat",
    width: "108px",
    align: "end",
    wide: true,
    cell: (worker) => <RelativeTime at={worker.heartbeat_at} />,
  },
  {
    key: "started",
    title: "Started",
    width: "100px",
    align: "end",
    wide: true,
    cell: (worker) => <RelativeTime at={worker.started_at} />,
  },
  {
    key: "version",
    title: "Version",
    width: "84px",
    align: "end",
    wide: true,
    cell: (worker) => worker.version,
  },
];
