import { asProblem, type Hardware } from "../api";
import { EmptyState, Page, ProblemNotice, Skeleton, StatCard, StatRow } from "../design";
import { bytes, number } from "../design/format";
import { useLimits } from "../stream";
import { LimitCard } from "./LimitCard";
import styles from "./NodesPage.module.css";
import { REFRESH_MS, useHardware } from "./nodes.query";
import { WorkersCard } from "./WorkersCard";

/** The machine, the store and the workers that share it, and the limits that follow from the machine. */
export default function NodesPage() {
  const hardware = useHardware();
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
      <WorkersCard />
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
