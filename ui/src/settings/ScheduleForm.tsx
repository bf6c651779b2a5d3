import { type FormEvent, useState } from "react";
import { asProblem, ProblemError } from "../api";
import { useKept } from "../app/useKept";
import {
  Button,
  Card,
  Checkbox,
  Field,
  format,
  ProblemNotice,
  Select,
  TextArea,
  TextInput,
  toast,
} from "../design";
import { CRON_EXAMPLES, readCron } from "./cron.model";
import styles from "./Forms.module.css";
import {
  emptySchedule,
  isScheduleDraft,
  SCHEDULE_DRAFT_KEY,
  type ScheduleDraft,
  type ScheduleErrors,
  scheduleBody,
  validateSchedule,
} from "./schedules.model";
import { useCreateSchedule, usePipelines } from "./settings.query";

/** A new schedule; the cron line is read back in words as it is typed. */
export function ScheduleForm() {
  const [draft, keep, clear] = useKept(SCHEDULE_DRAFT_KEY, emptySchedule(ownTimezone()), isScheduleDraft);
  const [pressed, setPressed] = useState(false);
  const create = useCreateSchedule();
  const errors = validateSchedule(draft);
  const server = serverErrors(create.error);
  const change = (changes: Partial<ScheduleDraft>) => {
    if (create.error !== null) create.reset();
    keep({ ...draft, ...changes });
  };
  const told = (field: "name" | "cron" | "timezone" | "pipeline" | "input") =>
    server[field] ?? (pressed || draft[field] !== "" ? errors[field] : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setPressed(true);
    if (Object.keys(errors).length > 0) return;
    create.mutate(scheduleBody(draft), {
      onSuccess: (schedule) => {
        toast("done", `Schedule ${format.visible(schedule.name)} created.`);
        setPressed(false);
        clear();
      },
    });
  };
  return (
    <Card title="New schedule">
      <form onSubmit={submit} noValidate className={styles.form} aria-label="New schedule">
        {create.error !== null && (
          <ProblemNotice problem={asProblem(create.error)} what="The schedule was not created" />
        )}
        <div className={styles.pair}>
          <Field label="Name" error={told("name")}>
            {(control) => (
              <TextInput
                {...control}
                value={draft.name}
                onChange={(event) => change({ name: event.target.value })}
              />
            )}
          </Field>
          <PipelineField draft={draft} change={change} error={told("pipeline")} />
        </div>
        <Times draft={draft} change={change} cronError={told("cron")} zoneError={told("timezone")} />
        <Field label="Input" hint="What each run is started with, as JSON." error={told("input")}>
          {(control) => (
            <TextArea
              {...control}
              rows={4}
              value={draft.input}
              onChange={(event) => change({ input: event.target.value })}
            />
          )}
        </Field>
        <Checkbox
          label="Switched on"
          checked={draft.enabled}
          onChange={(event) => change({ enabled: event.target.checked })}
        />
        <div className={styles.end}>
          <Button kind="primary" icon="plus" type="submit" busy={create.isPending}>
            Create schedule
          </Button>
        </div>
      </form>
    </Card>
  );
}

interface PartProps {
  draft: ScheduleDraft;
  change: (changes: Partial<ScheduleDraft>) => void;
}

function PipelineField({ draft, change, error }: PartProps & { error: string | undefined }) {
  const pipelines = usePipelines();
  const known = pipelines.data ?? [];
  return (
    <Field
      label="Pipeline"
      error={
        pipelines.error ? `The pipelines could not be read: ${asProblem(pipelines.error).detail}` : error
      }
    >
      {(control) => (
        <Select
          {...control}
          value={draft.pipeline}
          onChange={(event) => change({ pipeline: event.target.value })}
        >
          <option value="">{pipelines.isPending ? "Loading" : "Choose a pipeline"}</option>
          {draft.pipeline !== "" && !known.some((pipeline) => pipeline.name === draft.pipeline) && (
            <option value={draft.pipeline}>{draft.pipeline}</option>
          )}
          {known.map((pipeline) => (
            <option key={pipeline.name} value={pipeline.name}>
              {pipeline.title === "" ? pipeline.name : format.visible(pipeline.title)}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function Times(props: PartProps & { cronError: string | undefined; zoneError: string | undefined }) {
  const { draft, change, cronError, zoneError } = props;
  const reading = readCron(draft.cron);
  const words = reading.ok ? (reading.words ?? "At the times this names.") : "";
  return (
    <>
      <div className={styles.pair}>
        <Field label="When (cron)" hint={words} error={cronError}>
          {(control) => (
            <TextInput
              {...control}
              className="figures"
              value={draft.cron}
              onChange={(event) => change({ cron: event.target.value })}
            />
          )}
        </Field>
        <Field label="Time zone" hint="Summer time is observed." error={zoneError}>
          {(control) => (
            <TextInput
              {...control}
              value={draft.timezone}
              onChange={(event) => change({ timezone: event.target.value })}
            />
          )}
        </Field>
      </div>
      <div className={styles.examples} role="group" aria-label="Usual times">
        {CRON_EXAMPLES.map((example) => (
          <Button
            key={example.cron}
            aria-pressed={draft.cron === example.cron}
            onClick={() => change({ cron: example.cron })}
          >
            {example.label}
          </Button>
        ))}
      </div>
    </>
  );
}

function serverErrors(error: unknown): ScheduleErrors {
  if (!(error instanceof ProblemError)) return {};
  const errors: ScheduleErrors = {};
  for (const { path, message } of error.problem.fields) {
    const root = path.split(/[/.[\]]+/).find((part) => part !== "");
    if (
      root === "name" ||
      root === "cron" ||
      root === "timezone" ||
      root === "pipeline" ||
      root === "input"
    ) {
      errors[root] = message;
    }
  }
  return errors;
}

function ownTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
