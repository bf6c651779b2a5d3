import { useMemo, useState } from "react";
import { Link } from "wouter";
import { Button, type Column, CopyButton, format, Name, Table } from "../../design";
import styles from "./ErrorList.module.css";
import { type ErrorRow, groupErrors, MAX_ERROR_ROWS } from "./process.model";

export interface ErrorListProps {
  errors: readonly ErrorRow[];
  /** All there are; more than `errors` when only the latest are kept. */
  total: number;
  /** The ingest's run, for links to the files. */
  run: string;
}

function columnsOf(run: string): readonly Column<ErrorRow>[] {
  return [
    {
      key: "at",
      title: "Time",
      width: "84px",
      cell: (row) => (
        <time className="figures" dateTime={new Date(row.at).toISOString()} title={format.dateTime(row.at)}>
          {format.clock(row.at)}
        </time>
      ),
    },
    {
      key: "file",
      title: "File",
      width: "minmax(120px, 1fr)",
      cell: (row) => <FileLink row={row} run={run} />,
    },
    { key: "stage", title: "Stage", width: "80px", wide: true, cell: (row) => row.stage },
    {
      key: "message",
      title: "Reason",
      width: "minmax(160px, 2fr)",
      cell: (row) => <Name text={row.message} />,
    },
    { key: "code", title: "Code", width: "150px", wide: true, cell: (row) => <code>{row.code}</code> },
  ];
}

function FileLink({ row, run }: { row: ErrorRow; run: string }) {
  if (row.key === null) return <Name text={row.file} mono />;
  return (
    <Link href={`/ingest/${run}?${new URLSearchParams({ step: "preview", file: row.key }).toString()}`}>
      <Name text={row.file} mono />
    </Link>
  );
}

/** Errors: by cause first, then each with its time, newest at the top. */
export function ErrorList({ errors, total, run }: ErrorListProps) {
  const [cause, setCause] = useState<string | null>(null);
  const columns = useMemo(() => columnsOf(run), [run]);
  const groups = useMemo(() => groupErrors(errors), [errors]);
  const shown = useMemo(
    () => (cause === null ? errors : errors.filter((row) => causeId(row) === cause)),
    [errors, cause],
  );
  return (
    <div className={styles.errors}>
      <ul className={styles.groups} aria-label="Errors by cause">
        {groups.map((group) => {
          const id = causeId(group);
          return (
            <li key={id} className={styles.group}>
              <Button
                kind="quiet"
                icon="filter"
                aria-pressed={cause === id}
                onClick={() => setCause(cause === id ? null : id)}
              >
                {format.plural(group.count, "error")}: {group.stage} <code>{group.code}</code>
              </Button>
              <span className={styles.span}>
                {format.clock(group.first_at)}
                {group.last_at !== group.first_at && ` – ${format.clock(group.last_at)}`}
              </span>
              <CopyButton text={group.code} label="Copy code" />
            </li>
          );
        })}
      </ul>
      <Table
        label="Errors"
        columns={columns}
        rows={shown}
        rowKey={(row) => row.id}
        height={`min(320px, ${Math.max(1, shown.length) * 32}px)`}
        footer={
          total > errors.length && errors.length >= MAX_ERROR_ROWS ? (
            <p className={styles.more}>
              The latest {format.number(errors.length)} of {format.number(total)} are shown; all of them are
              in the run's log.
            </p>
          ) : undefined
        }
      />
    </div>
  );
}

function causeId(row: { stage: string; code: string }): string {
  return `${row.stage} ${row.code}`;
}
