import { useMemo } from "react";
import { asProblem, type DryRunItem } from "../../api";
import { useUrlState } from "../../app/url";
import { PreviewView } from "../../deliveries/PreviewView";
import {
  Badge,
  Card,
  type Column,
  EmptyState,
  Name,
  Notice,
  Panel,
  ProblemNotice,
  Skeleton,
  Table,
} from "../../design";
import { plural } from "../../design/format";
import { useDryRun } from "./backlog.query";
import styles from "./DryRunView.module.css";

/** Exactly what would be sent, item by item, with the destination's own check where it has one. */
export default function DryRunView({ run, to }: { run: string; to: string | null }) {
  const url = useUrlState();
  const query = useDryRun(run);
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data]);
  const open = rows?.find(({ key }) => key === url.get("item"));
  const refused = rows?.filter(({ valid }) => valid?.ok === false).length ?? 0;
  if (to === null)
    return (
      <EmptyState icon="place" title="This backlog has no destination">
        Nothing would be sent. Export it, or start it again with a destination.
      </EmptyState>
    );
  return (
    <div className={styles.dry}>
      {query.error && (
        <ProblemNotice
          problem={asProblem(query.error)}
          what="The dry run did not work"
          onRetry={() => query.refetch()}
        />
      )}
      {refused > 0 && (
        <Notice tone="warn" title={`${plural(refused, "item")} of those looked at would be refused`}>
          Open one to see why; mend it under Items before you approve.
        </Notice>
      )}
      {!rows && !query.error && <Skeleton height={32} lines={10} />}
      {rows?.length === 0 && <EmptyState title="There is nothing to send yet" />}
      {rows && rows.length > 0 && (
        <Card flush>
          <Table
            label="What would be sent"
            columns={COLUMNS}
            rows={rows}
            rowKey={(row) => row.key}
            selected={open?.key ?? null}
            height={`min(max(320px, calc(100dvh - 240px)), ${rows.length * 32 + 2}px)`}
            onOpen={(row) => url.set({ item: row.key })}
            onEnd={() => query.hasNextPage && !query.isFetchingNextPage && query.fetchNextPage()}
          />
        </Card>
      )}
      {open && (
        <Panel title={<Name text={open.title} />} onClose={() => url.set({ item: null })}>
          {open.valid?.error && (
            <Notice tone="failed" title={<Name text={open.valid.error.message} />}>
              <code>{open.valid.error.code}</code> {open.valid.error.help}
            </Notice>
          )}
          <PreviewView preview={open.preview} />
        </Panel>
      )}
    </div>
  );
}

const COLUMNS: readonly Column<DryRunItem>[] = [
  { key: "valid", title: "Check", width: "124px", cell: ({ valid }) => <Check valid={valid} /> },
  {
    key: "title",
    title: "Item",
    width: "minmax(140px, 2fr)",
    cell: ({ title }) => (
      <button type="button" className={styles.open} data-open="">
        <Name text={title} />
      </button>
    ),
  },
  {
    key: "request",
    title: "Request",
    width: "minmax(140px, 3fr)",
    wide: true,
    cell: ({ preview }) => <Name text={`${preview.method} ${preview.url}`} mono />,
  },
];

function Check({ valid }: { valid: DryRunItem["valid"] }) {
  if (valid === null)
    return (
      <Badge icon="info" title="The destination cannot check without creating">
        Not checked
      </Badge>
    );
  return valid.ok ? (
    <Badge tone="done" icon="done">
      Accepted
    </Badge>
  ) : (
    <Badge tone="failed" icon="failed">
      Refused
    </Badge>
  );
}
