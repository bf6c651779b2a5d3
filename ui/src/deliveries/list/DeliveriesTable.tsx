import { useMemo } from "react";
import type { Delivery } from "../../api";
import { type Column, Name, RelativeTime, StateBadge, Table } from "../../design";
import { RemoteLink } from "../RemoteLink";
import styles from "./DeliveriesTable.module.css";

const ROW_PX = 36;

export interface DeliveriesTableProps {
  rows: readonly Delivery[];
  current: string | null;
  selected: string | null;
  chosen: ReadonlySet<string>;
  /** Null where nothing may be chosen. */
  onChoose: ((chosen: ReadonlySet<string>) => void) | null;
  onOpen: (delivery: Delivery) => void;
  onEnd: () => void;
}

export function DeliveriesTable(props: DeliveriesTableProps) {
  const { rows, current, selected, chosen, onChoose, onOpen, onEnd } = props;
  const columns = useMemo(() => makeColumns(chosen, onChoose), [chosen, onChoose]);
  return (
    <Table
      label="Deliveries"
      columns={columns}
      rows={rows}
      rowKey={(delivery) => delivery.id}
      rowHeight={ROW_PX}
      height={`min(max(360px, calc(100dvh - 220px)), ${rows.length * ROW_PX + 2}px)`}
      current={current}
      selected={selected}
      onOpen={onOpen}
      onEnd={onEnd}
    />
  );
}

function makeColumns(
  chosen: ReadonlySet<string>,
  onChoose: DeliveriesTableProps["onChoose"],
): Column<Delivery>[] {
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose?.(next);
  };
  const choose: Column<Delivery> = {
    key: "choose",
    title: <span className="sr">Chosen</span>,
    width: "32px",
    wide: true,
    cell: (delivery) => (
      <input
        type="checkbox"
        className={styles.check}
        aria-label={`Choose ${delivery.title}`}
        checked={chosen.has(delivery.id)}
        onChange={() => toggle(delivery.id)}
      />
    ),
  };
  return [...(onChoose ? [choose] : []), ...COLUMNS];
}

const COLUMNS: readonly Column<Delivery>[] = [
  {
    key: "state",
    title: "State",
    width: "124px",
    narrowWidth: "118px",
    cell: (delivery) => <StateBadge state={delivery.state} />,
  },
  {
    key: "title",
    title: "Title",
    width: "minmax(140px, 3fr)",
    cell: (delivery) => (
      <button type="button" className={styles.open} data-open="">
        <Name text={delivery.title} />
      </button>
    ),
  },
  {
    key: "kind",
    title: "Kind",
    width: "84px",
    wide: true,
    cell: (delivery) => <Name text={delivery.kind.replace("_", " ")} />,
  },
  {
    key: "destination",
    title: "Destination",
    width: "minmax(80px, 132px)",
    wide: true,
    cell: (delivery) => <Name text={delivery.destination} />,
  },
  {
    key: "error",
    title: "Last error",
    width: "minmax(100px, 3fr)",
    wide: true,
    cell: (delivery) => <Why delivery={delivery} />,
  },
  {
    key: "attempts",
    title: "Attempts",
    width: "76px",
    align: "end",
    wide: true,
    cell: (delivery) => <span title={`Sent ${delivery.sent} times`}>{delivery.attempts}</span>,
  },
  {
    key: "remote",
    title: "There",
    width: "92px",
    narrowWidth: "84px",
    align: "end",
    cell: (delivery) => <RemoteLink remote={delivery.remote} />,
  },
  {
    key: "changed",
    title: "Changed",
    width: "96px",
    align: "end",
    wide: true,
    cell: (delivery) => <RelativeTime at={delivery.changed_at} />,
  },
];

function Why({ delivery: { state, error, blocked_by } }: { delivery: Delivery }) {
  if (state === "blocked" && blocked_by !== null)
    return (
      <span className={styles.quiet}>
        waits for <Name text={blocked_by.title} />
      </span>
    );
  if (error === null || state === "done") return null;
  return (
    <span className={state === "dead" ? styles.error : styles.quiet}>
      <Name text={error.message} />
    </span>
  );
}
