import { useMemo } from "react";
import { Link } from "wouter";
import { API_BASE, type AuditEntry, asProblem } from "../api";
import { Choice } from "../apps/ingest/FilterBar";
import { useQueryState } from "../apps/library/media/query";
import {
  Badge,
  Button,
  Card,
  type Column,
  EmptyState,
  format,
  Name,
  Notice,
  ProblemNotice,
  Skeleton,
  Table,
  Toolbar,
  TypedSearch,
} from "../design";
import {
  AUDIT_RESULTS,
  type AuditFilters,
  parseAuditFilters,
  resultTone,
  writeAuditFilters,
} from "./audit.model";
import styles from "./Forms.module.css";
import { type AuditCheck, useAudit, useAuditCheck } from "./settings.query";

function columnsOf(whoLink: (who: string) => string): readonly Column<AuditRow>[] {
  return [
    {
      key: "at",
      title: "Time",
      width: "176px",
      cell: (entry) => (
        <time className="figures" dateTime={new Date(entry.at).toISOString()}>
          {format.dateTime(entry.at)}
        </time>
      ),
    },
    {
      key: "who",
      title: "Who",
      width: "minmax(70px, 1fr)",
      cell: (entry) => (
        <Link href={whoLink(entry.who)} title="Only what they did">
          <Name text={entry.who} />
        </Link>
      ),
    },
    {
      key: "action",
      title: "Action",
      width: "minmax(90px, 1fr)",
      cell: (entry) => <code>{entry.action}</code>,
    },
    {
      key: "object",
      title: "Object",
      width: "minmax(100px, 2fr)",
      wide: true,
      cell: (entry) => <Name text={entry.object} mono />,
    },
    {
      key: "result",
      title: "Result",
      width: "96px",
      wide: true,
      cell: (entry) => {
        const tone = resultTone(entry.result);
        return (
          <Badge tone={tone} icon={tone}>
            {entry.result}
          </Badge>
        );
      },
    },
    {
      key: "address",
      title: "From",
      width: "130px",
      wide: true,
      cell: (entry) => <Name text={entry.address} mono />,
    },
  ];
}

/** An entry with its place in the list: nothing else tells two of the same moment apart. */
type AuditRow = AuditEntry & { place: number };

/** Who changed or was denied what, newest first. */
export function AuditSection() {
  const [params, write] = useQueryState();
  const filters = parseAuditFilters(params);
  const audit = useAudit(filters);
  const check = useAuditCheck();
  const set = (change: Partial<AuditFilters>) => write(writeAuditFilters(params, { ...filters, ...change }));
  const rows = useMemo(() => audit.entries.map((entry, place) => ({ ...entry, place })), [audit.entries]);
  const columns = columnsOf(
    (who) => `/settings/audit?${writeAuditFilters(params, { ...filters, who }).toString()}`,
  );
  const active = Object.values(filters).some((value) => value !== "");
  return (
    <>
      <Toolbar label="Filters">
        <TypedSearch label="Who" placeholder="Who" value={filters.who} onChange={(who) => set({ who })} />
        <TypedSearch
          label="Action"
          placeholder="Action"
          value={filters.action}
          onChange={(action) => set({ action })}
        />
        <TypedSearch
          label="Object"
          placeholder="Object"
          value={filters.object}
          onChange={(object) => set({ object })}
        />
        <Choice
          label="Result"
          value={filters.result}
          options={AUDIT_RESULTS.map((result) => [result, result])}
          onChange={(value) => set({ result: AUDIT_RESULTS.find((result) => result === value) ?? "" })}
        />
        {active && (
          <Button
            kind="quiet"
            icon="close"
            onClick={() => set({ who: "", action: "", object: "", result: "" })}
          >
            Clear the filters
          </Button>
        )}
      </Toolbar>
      {check.error !== null && (
        <ProblemNotice problem={asProblem(check.error)} what="The audit log was not checked" />
      )}
      {check.data && <Checked check={check.data} />}
      <Card
        title="Audit log"
        flush
        actions={
          <>
            <Button icon="check" busy={check.isPending} onClick={() => check.mutate()}>
              Check that it is unchanged
            </Button>
            <a href={`${API_BASE}/audit/export`} download>
              Export all
            </a>
          </>
        }
      >
        {audit.error && (
          <ProblemNotice
            problem={asProblem(audit.error)}
            what="The audit log could not be read"
            onRetry={() => audit.refetch()}
          />
        )}
        {audit.isPending && (
          <div className={styles.loading}>
            <Skeleton height={32} lines={10} />
          </div>
        )}
        {audit.data && audit.entries.length === 0 && (
          <EmptyState
            icon={active ? "filter" : "file"}
            title={active ? "No entry passes these filters" : "Nothing yet"}
          >
            Every change and every denial is written here, and cannot be changed afterwards.
          </EmptyState>
        )}
        {audit.entries.length > 0 && (
          <Table
            label="Audit log"
            columns={columns}
            rows={rows}
            rowKey={(entry) => String(entry.place)}
            onEnd={() => {
              if (audit.hasNextPage && !audit.isFetching) audit.fetchNextPage();
            }}
          />
        )}
      </Card>
    </>
  );
}

function Checked({ check }: { check: AuditCheck }) {
  if (check.intact) {
    return (
      <Notice tone="done" title="The audit log is unchanged">
        Each of its {format.plural(check.rows, "entry", "entries")} follows from the one before.
      </Notice>
    );
  }
  return (
    <Notice tone="failed" title="The audit log was changed from outside">
      Entry {format.number(check.broken_at)} does not follow from the one before it. Compare it with an
      earlier export or backup.
    </Notice>
  );
}
