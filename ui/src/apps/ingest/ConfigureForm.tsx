import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { asProblem, type Problem, ProblemError } from "../../api";
import {
  Button,
  Card,
  Checkbox,
  Field,
  format,
  Name,
  ProblemNotice,
  TextArea,
  TextInput,
} from "../../design";
import styles from "./ConfigureForm.module.css";
import { useDraft } from "./draft";
import { FolderBrowser } from "./FolderBrowser";
import { newStartKey, useStartIngest } from "./ingest.query";
import {
  addDirectory,
  DEFAULT_PATTERNS,
  type Draft,
  describeStart,
  type FieldErrors,
  type Field as FieldName,
  mapServerFields,
  removeDirectory,
  toParams,
  validate,
} from "./params.model";

/** The Configure step. What is typed is checked at once, kept for the tab, and cleared only when the ingest started. */
export function ConfigureForm() {
  const [draft, keep, clear] = useDraft();
  const [pressed, setPressed] = useState(false);
  const start = useStart(clear);
  const local = validate(draft);
  const change = (changes: Partial<Draft>) => {
    start.forget();
    keep({ ...draft, ...changes });
  };
  // The server's word stands until something changes; an empty folder list is only told after a first try.
  const errorOf = (field: FieldName): string | undefined =>
    start.fields[field] ?? (field === "directories" && !pressed ? undefined : local[field]);

  const form = useRef<HTMLFormElement>(null);
  const { problem, fields } = start;
  useEffect(() => {
    if (problem === null || form.current === null) return;
    const first = Object.keys(fields)[0];
    if (first !== undefined) focusField(form.current, first);
    else form.current.querySelector<HTMLElement>("[data-problem]")?.focus();
  }, [problem, fields]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setPressed(true);
    const { draft: whole, refused } = addDirectory(draft, draft.folder);
    const wrong = refused === null ? Object.keys(validate(whole))[0] : "directories";
    if (whole !== draft) keep(whole);
    if (wrong === undefined) start.go(whole);
    else focusField(event.currentTarget, wrong);
  };

  return (
    <form ref={form} onSubmit={submit} noValidate aria-label="Configure an ingest" className={styles.form}>
      {start.problem && (
        <div data-problem="" tabIndex={-1} role="alert">
          <ProblemNotice problem={start.problem} what="The ingest was not started" />
        </div>
      )}
      {start.rest.map((message) => (
        <p key={message} className={styles.rest}>
          {message}
        </p>
      ))}
      <Card title="What to read">
        <div className={styles.fields}>
          <Directories draft={draft} change={change} error={errorOf("directories")} />
          <WhatFields draft={draft} change={change} errorOf={errorOf} />
        </div>
      </Card>
      <Card title="What to do with each file">
        <Switches draft={draft} change={change} errorOf={errorOf} />
      </Card>
      <div className={styles.end}>
        <p id="start-effect">{describeStart(draft)}</p>
        <Button
          onClick={() => {
            start.forget();
            setPressed(false);
            clear();
          }}
        >
          Reset the form
        </Button>
        <Button kind="primary" icon="ingest" type="submit" busy={start.busy} aria-describedby="start-effect">
          Start ingest
        </Button>
      </div>
    </form>
  );
}

interface PartProps {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  errorOf: (field: FieldName) => string | undefined;
}

function Directories({ draft, change, error }: Omit<PartProps, "errorOf"> & { error: string | undefined }) {
  const typed = draft.folder;
  const [refused, setRefused] = useState<string | null>(null);
  const add = (path: string) => {
    const result = addDirectory(draft, path);
    setRefused(result.refused);
    if (result.refused === null) change(result.draft);
  };
  return (
    <div className={styles.directories} data-field="directories">
      <Field
        label="Folders"
        hint="Choose below, or type a path below a media root and press Enter."
        error={refused ?? error}
      >
        {(control) => (
          <div className={styles.addLine}>
            <TextInput
              {...control}
              value={typed}
              placeholder="/media/pictures"
              onChange={(event) => {
                change({ folder: event.target.value });
                setRefused(null);
              }}
              onKeyDown={(event) => {
                if (event.key !== "Enter" || typed.trim() === "") return;
                event.preventDefault();
                add(typed);
              }}
            />
            <Button icon="plus" disabled={typed.trim() === ""} onClick={() => add(typed)}>
              Add folder
            </Button>
          </div>
        )}
      </Field>
      {draft.directories.length > 0 && (
        <ul className={styles.chosen} aria-label="Chosen folders">
          {draft.directories.map((path) => (
            <li key={path}>
              <Name text={path} mono />
              <Button
                kind="quiet"
                icon="close"
                aria-label={`Remove ${format.visible(path)}`}
                onClick={() => change({ directories: removeDirectory(draft, path).directories })}
              />
            </li>
          ))}
        </ul>
      )}
      <FolderBrowser chosen={draft.directories} onAdd={add} />
    </div>
  );
}

function WhatFields({ draft, change, errorOf }: PartProps) {
  return (
    <>
      <div data-field="patterns">
        <Field
          label="Patterns"
          hint={
            draft.patterns === DEFAULT_PATTERNS.join(" ")
              ? "Images and videos."
              : "Separated by spaces, such as *.png *.jpg."
          }
          error={errorOf("patterns")}
        >
          {(control) => (
            <TextArea
              {...control}
              rows={2}
              className={styles.patterns}
              value={draft.patterns}
              onChange={(event) => change({ patterns: event.target.value })}
            />
          )}
        </Field>
      </div>
      <div className={styles.pair}>
        <div data-field="maxFiles">
          <Field label="At most" hint="Files; empty for no limit." error={errorOf("maxFiles")}>
            {(control) => (
              <TextInput
                {...control}
                inputMode="numeric"
                value={draft.maxFiles}
                placeholder="no limit"
                onChange={(event) => change({ maxFiles: event.target.value })}
              />
            )}
          </Field>
        </div>
        <div className={styles.checks}>
          <Checkbox
            label="Read folders below"
            checked={draft.recursive}
            onChange={(event) => change({ recursive: event.target.checked })}
          />
          <Checkbox
            label="Skip files already in the library"
            hint="By content, even under another name."
            checked={draft.skipExisting}
            onChange={(event) => change({ skipExisting: event.target.checked })}
          />
        </div>
      </div>
    </>
  );
}

function Switches({ draft, change, errorOf }: PartProps) {
  return (
    <div className={styles.switches}>
      <Checkbox
        label="Read metadata"
        hint="Size, dates, EXIF, XMP, generation parameters, video facts."
        checked={draft.extractMetadata}
        onChange={(event) => change({ extractMetadata: event.target.checked })}
      />
      <Checkbox
        label="Extract keywords"
        hint="From prompts, captions and descriptions."
        checked={draft.extractKeywords}
        onChange={(event) => change({ extractKeywords: event.target.checked })}
      />
      <Checkbox
        label="Import scores"
        hint="From .scores beside the files and from XMP; the files are not changed."
        checked={draft.importScores}
        onChange={(event) => change({ importScores: event.target.checked })}
      />
      <Checkbox
        label="Detect NSFW"
        hint="A file that cannot be analysed stays “unknown”, never “safe”."
        checked={draft.detectNsfw}
        onChange={(event) => change({ detectNsfw: event.target.checked })}
      />
      <div className={styles.threshold} data-field="nsfwThreshold">
        <Field
          label={
            <>
              NSFW threshold <span className="figures">{draft.nsfwThreshold.toFixed(2)}</span>
            </>
          }
          hint="Lower hides more. At or above it, a file counts as NSFW."
          error={errorOf("nsfwThreshold")}
        >
          {(control) => (
            <input
              {...control}
              type="range"
              min={0}
              max={1}
              step={0.05}
              disabled={!draft.detectNsfw}
              value={draft.nsfwThreshold}
              onChange={(event) => change({ nsfwThreshold: Number(event.target.value) })}
            />
          )}
        </Field>
      </div>
      <Checkbox
        label="Commit without asking"
        hint="Files go into the library as soon as they are processed, without waiting at Preview."
        checked={draft.autoCommit}
        onChange={(event) => change({ autoCommit: event.target.checked })}
      />
    </div>
  );
}

interface Start {
  busy: boolean;
  problem: Problem | null;
  fields: FieldErrors;
  rest: string[];
  go: (draft: Draft) => void;
  /** The form changed: what the server said no longer holds, and the next press is a new request. */
  forget: () => void;
}

function useStart(clear: () => void): Start {
  const mutation = useStartIngest();
  const [, navigate] = useLocation();
  const key = useRef(newStartKey());
  const error = mutation.error;
  const mapped = useMemo(
    () => mapServerFields(error instanceof ProblemError ? error.problem.fields : []),
    [error],
  );
  const problem = useMemo(() => (error === null ? null : asProblem(error)), [error]);
  return {
    busy: mutation.isPending,
    problem,
    fields: mapped.errors,
    rest: mapped.rest,
    go: (draft) =>
      mutation.mutate(
        { params: toParams(draft), key: key.current },
        {
          onSuccess: (run) => {
            clear();
            navigate(`/ingest/${run.id}?step=process`);
          },
        },
      ),
    forget: () => {
      key.current = newStartKey();
      if (mutation.error !== null) mutation.reset();
    },
  };
}

function focusField(form: EventTarget, field: string): void {
  if (!(form instanceof HTMLElement)) return;
  form.querySelector<HTMLElement>(`[data-field="${CSS.escape(field)}"] :is(input, textarea)`)?.focus();
}
