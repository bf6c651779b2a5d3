import { useState } from "react";
import { Link } from "wouter";
import { asProblem, type Schedule } from "../api";
import {
  Button,
  Card,
  Checkbox,
  type Column,
  EmptyState,
  format,
  Name,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  Table,
  toast,
  toastProblem,
} from "../design";
import { readCron } from "./cron.model";
import styles from "./Forms.module.css";
import { ScheduleForm } from "./ScheduleForm";
import { useCreateSchedule, useDeleteSchedule, useSchedules, useToggleSchedule } from "./settings.query";

/** Schedules: the list with a switch each, and a new one. */
export function SchedulesSection() {
  const schedules = useSchedules();
  const columns = useColumns();
  return (
    <>
      <Card title="Schedules" flush>
        {schedules.error && !schedules.data && (
          <ProblemNotice
            problem={asProblem(schedules.error)}
            what="The schedules could not be read"
            onRetry={() => schedules.refetch()}
          />
        )}
        {schedules.isPending && (
          <div className={styles.loading}>
            <Skeleton height={36} lines={3} />
          </div>
        )}
        {schedules.data?.items.length === 0 && (
          <EmptyState icon="queued" title="No schedules yet">
            A schedule starts a run of a pipeline at set times. Create one below.
          </EmptyState>
        )}
        {schedules.data && schedules.data.items.length > 0 && (
          <Table
            label="Schedules"
            columns={columns}
            rows={schedules.data.items}
            rowKey={(schedule) => schedule.id}
            rowHeight={40}
          />
        )}
      </Card>
      <ScheduleForm />
    </>
  );
}

function useColumns(): readonly Column<Schedule>[] {
  return [
    {
      key: "name",
      title: "Name",
      width: "minmax(90px, 1fr)",
      cell: (schedule) => <Name text={schedule.name} />,
    },
    {
      key: "when",
      title: "When",
      width: "minmax(120px, 2fr)",
      cell: (schedule) => <When schedule={schedule} />,
    },
    {
      key: "pipeline",
      title: "Pipeline",
      width: "minmax(90px, 1fr)",
      wide: true,
      cell: (schedule) => <Name text={schedule.pipeline} />,
    },
    {
      key: "next",
      title: "Next",
      width: "110px",
      wide: true,
      cell: (schedule) => (schedule.enabled ? <RelativeTime at={schedule.next_at ?? null} /> : "off"),
    },
    {
      key: "last",
      title: "Last",
      width: "110px",
      wide: true,
      cell: (schedule) => <Last schedule={schedule} />,
    },
    { key: "enabled", title: "On", width: "64px", cell: (schedule) => <Switch schedule={schedule} /> },
    {
      key: "delete",
      title: <span className="sr">Delete</span>,
      width: "64px",
      align: "end",
      cell: (schedule) => <Delete schedule={schedule} />,
    },
  ];
}

function When({ schedule }: { schedule: Schedule }) {
  const reading = readCron(schedule.cron);
  const words = reading.ok ? reading.words : null;
  return (
    <span title={`${schedule.cron} (${schedule.timezone})`}>
      {words ?? <code>{schedule.cron}</code>} <span className={styles.hint}>{schedule.timezone}</span>
    </span>
  );
}

function Last({ schedule }: { schedule: Schedule }) {
  if (schedule.last_at == null) return <span>never</span>;
  if (schedule.last_run == null) return <RelativeTime at={schedule.last_at} />;
  return (
    <Link href={`/runs/${schedule.last_run}`}>
      <RelativeTime at={schedule.last_at} />
    </Link>
  );
}

function Switch({ schedule }: { schedule: Schedule }) {
  const toggle = useToggleSchedule();
  const shown = toggle.isPending ? toggle.variables.enabled : schedule.enabled;
  return (
    <Checkbox
      label={<span className="sr">Schedule {format.visible(schedule.name)} on</span>}
      checked={shown}
      onChange={(event) => {
        const enabled = event.target.checked;
        toggle.mutate(
          { id: schedule.id, enabled },
          {
            onError: (error) =>
              toastProblem(`The schedule was not switched ${enabled ? "on" : "off"}`, error),
          },
        );
      }}
    />
  );
}

/** Deleting is undone by creating the same schedule again, so it takes one press. */
function Delete({ schedule }: { schedule: Schedule }) {
  const remove = useDeleteSchedule();
  const create = useCreateSchedule();
  const [gone, setGone] = useState(false);
  const { name, cron, timezone, pipeline, input, enabled } = schedule;
  return (
    <Button
      kind="quiet"
      icon="trash"
      busy={remove.isPending || gone}
      aria-label={`Delete the schedule ${format.visible(name)}`}
      title="Runs that it has started are not touched"
      onClick={() =>
        remove.mutate(schedule.id, {
          onSuccess: () => {
            setGone(true);
            toast("done", `Schedule ${format.visible(name)} deleted.`, {
              label: "Undo",
              run: () =>
                create.mutate(
                  { name, cron, timezone, pipeline, input, enabled },
                  { onError: (error) => toastProblem("The schedule was not put back", error) },
                ),
            });
          },
          onError: (error) => toastProblem("The schedule was not deleted", error),
        })
      }
    />
  );
}
