import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { asProblem, newKey, ProblemError } from "../../api";
import { useKept } from "../../app/useKept";
import { useDestinations } from "../../deliveries/destinations/destinations.query";
import { Button, Card, Checkbox, Field, ProblemNotice, Select, TextArea, TextInput } from "../../design";
import { number, plural } from "../../design/format";
import { useAuthors, useStartBacklog } from "./backlog.query";
import { SizeFields } from "./SizeFields";
import styles from "./VisionForm.module.css";
import { VisionText } from "./VisionText";
import {
  DRAFT_KEY,
  emptyVision,
  expected,
  isVisionDraft,
  MAX_TITLE,
  type VisionDraft,
  type VisionField,
  validateVision,
  visionParams,
  visionServerErrors,
} from "./vision.model";

/** What every part of the form gets. */
export interface VisionPartProps {
  draft: VisionDraft;
  change: (changes: Partial<VisionDraft>) => void;
  errorOf: (field: VisionField) => string | undefined;
}

/** A new backlog. What is typed is checked at once, kept for the tab, and cleared only when the run has started. */
export function VisionForm() {
  const [draft, keep, clear] = useKept(DRAFT_KEY, emptyVision(), isVisionDraft);
  const [pressed, setPressed] = useState(false);
  const [, navigate] = useLocation();
  const start = useStartBacklog();
  const key = useRef(newKey());
  const form = useRef<HTMLFormElement>(null);
  const error = start.error;
  const server = useMemo(
    () => visionServerErrors(error instanceof ProblemError ? error.problem.fields : []),
    [error],
  );
  const local = validateVision(draft);
  const change = (changes: Partial<VisionDraft>) => {
    key.current = newKey();
    if (error !== null) start.reset();
    keep({ ...draft, ...changes });
  };
  // An empty vision is told only after a first try.
  const errorOf = (field: VisionField) =>
    server.errors[field] ??
    (field === "vision" && !pressed && draft.vision === "" ? undefined : local[field]);
  useEffect(() => {
    if (error !== null) form.current?.querySelector<HTMLElement>("[data-problem]")?.focus();
  }, [error]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setPressed(true);
    const wrong = Object.keys(local)[0];
    if (wrong !== undefined) {
      form.current
        ?.querySelector<HTMLElement>(`[data-field="${CSS.escape(wrong)}"] :is(input, textarea, select)`)
        ?.focus();
      return;
    }
    start.mutate(
      { params: visionParams(draft), key: key.current },
      {
        onSuccess: (run) => {
          clear();
          navigate(`/backlog/${run.id}`);
        },
      },
    );
  };
  const parts: VisionPartProps = { draft, change, errorOf };
  return (
    <form ref={form} onSubmit={submit} noValidate aria-label="New backlog" className={styles.form}>
      {error !== null && (
        <div data-problem="" tabIndex={-1} role="alert">
          <ProblemNotice problem={asProblem(error)} what="The backlog was not started" />
          {server.rest.map((message) => (
            <p key={message}>{message}</p>
          ))}
        </div>
      )}
      <Card title="Vision">
        <div className={styles.fields}>
          <VisionText {...parts} />
          <div className={styles.pair}>
            <div data-field="title">
              <Field
                label="Title (optional)"
                hint="Else the vision's first heading."
                error={errorOf("title")}
              >
                {(control) => (
                  <TextInput
                    {...control}
                    value={draft.title}
                    maxLength={MAX_TITLE}
                    onChange={(event) => change({ title: event.target.value })}
                  />
                )}
              </Field>
            </div>
            <Destination {...parts} />
          </div>
        </div>
      </Card>
      <Card title="How much, and by whom">
        <div className={styles.fields}>
          <SizeFields {...parts} />
          <Author {...parts} />
        </div>
      </Card>
      <Card title="Quality and cost">
        <Quality {...parts} />
      </Card>
      <div className={styles.end}>
        <p id="backlog-effect">{effect(draft)}</p>
        <Button
          onClick={() => {
            setPressed(false);
            clear();
          }}
        >
          Reset the form
        </Button>
        <Button
          kind="primary"
          icon="tree"
          type="submit"
          busy={start.isPending}
          aria-describedby="backlog-effect"
        >
          Write the backlog
        </Button>
      </div>
    </form>
  );
}

/** What pressing the button will do. */
function effect(draft: VisionDraft): string {
  const count = expected(draft);
  const much = count === null ? "" : `About ${number(count.total)} items are written. `;
  if (draft.to === "") return `${much}Nothing is sent: they can be exported.`;
  return draft.review
    ? `${much}Nothing goes to ${draft.to} before you approve it.`
    : `${much}They go to ${draft.to} without asking, as soon as they are written.`;
}

function Destination({ draft, change, errorOf }: VisionPartProps) {
  const destinations = useDestinations();
  const names = (destinations.data ?? []).map(({ name }) => name);
  if (draft.to !== "" && !names.includes(draft.to)) names.push(draft.to);
  return (
    <div data-field="to">
      <Field
        label="Destination"
        hint={
          destinations.error ? (
            asProblem(destinations.error).detail
          ) : (
            <>
              Where the items go. <Link href="/destinations?new=1">Add one</Link>
            </>
          )
        }
        error={errorOf("to")}
      >
        {(control) => (
          <Select {...control} value={draft.to} onChange={(event) => change({ to: event.target.value })}>
            <option value="">Nowhere; only to look at and export</option>
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </div>
  );
}

function Author({ draft, change, errorOf }: VisionPartProps) {
  const authors = useAuthors();
  const chosen = authors.data?.find(({ name }) => name === draft.author);
  return (
    <div data-field="author">
      <Field
        label="Author"
        hint={
          authors.error
            ? asProblem(authors.error).detail
            : (chosen?.says ?? "The model where one is set up, else by rule.")
        }
        error={errorOf("author")}
      >
        {(control) => (
          <Select
            {...control}
            value={draft.author}
            onChange={(event) => {
              const name = event.target.value;
              change({ author: name === "outline" || name === "openai" ? name : "" });
            }}
          >
            <option value="">As the server is set up</option>
            {authors.data?.map(({ name, available, model }) => (
              <option key={name} value={name} disabled={!available}>
                {AUTHOR_WORDS[name] ?? name}
                {model ? ` (${model})` : ""}
                {available ? "" : ", not set up"}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </div>
  );
}

const AUTHOR_WORDS: Record<string, string> = { outline: "Outline, by rule", openai: "Model" };

function Quality({ draft, change, errorOf }: VisionPartProps) {
  return (
    <div className={styles.pair}>
      <div data-field="threshold">
        <Field
          label="Quality at least"
          hint="0 to 100. What is below is written again."
          error={errorOf("threshold")}
        >
          {(control) => (
            <TextInput
              {...control}
              inputMode="numeric"
              value={draft.threshold}
              onChange={(event) => change({ threshold: event.target.value })}
            />
          )}
        </Field>
      </div>
      <div data-field="regenerations">
        <Field
          label="Written again at most"
          hint="Then it is kept and flagged, never dropped."
          error={errorOf("regenerations")}
        >
          {(control) => (
            <TextInput
              {...control}
              inputMode="numeric"
              value={draft.regenerations}
              onChange={(event) => change({ regenerations: event.target.value })}
            />
          )}
        </Field>
      </div>
      <div data-field="budget">
        <Field
          label="Budget (optional)"
          hint="US dollars; the run stops asking the model there."
          error={errorOf("budget")}
        >
          {(control) => (
            <TextInput
              {...control}
              inputMode="decimal"
              value={draft.budget}
              placeholder="no limit"
              onChange={(event) => change({ budget: event.target.value })}
            />
          )}
        </Field>
      </div>
      <div className={styles.review}>
        <Checkbox
          label="Let me look it over first"
          hint="Nothing is sent before you approve."
          checked={draft.review}
          onChange={(event) => change({ review: event.target.checked })}
        />
      </div>
      <div data-field="context" className={styles.whole}>
        <Field
          label="Context (optional)"
          hint={`What every item should know: terms, systems, what is there already.${draft.context === "" ? "" : ` ${plural(draft.context.length, "character")}.`}`}
          error={errorOf("context")}
        >
          {(control) => (
            <TextArea
              {...control}
              rows={3}
              value={draft.context}
              onChange={(event) => change({ context: event.target.value })}
            />
          )}
        </Field>
      </div>
    </div>
  );
}
