import { type FormEvent, useEffect, useRef, useState } from "react";
import { asProblem, type Destination, ProblemError } from "../../api";
import { useKept } from "../../app/useKept";
import { Button, Field, Panel, ProblemNotice, Select, TextInput, toast } from "../../design";
import styles from "./DestinationPanel.module.css";
import {
  type DestinationDraft,
  destinationBody,
  draftOf,
  emptyDestination,
  formOf,
  KIND_FORMS,
  serverErrors,
  validateDestination,
} from "./destination.form.model";
import { useSaveDestination, useSecrets } from "./destinations.query";
import { SettingControl } from "./SettingControl";

export interface DestinationPanelProps {
  /** Null for a new one. */
  existing: Destination | null;
  taken: readonly string[];
  onClose: () => void;
}

/** Adds a destination or changes one; a form for each kind. */
export function DestinationPanel({ existing, taken, onClose }: DestinationPanelProps) {
  const empty = existing ? draftOf(existing) : emptyDestination();
  const [draft, keep, clear] = useDestinationDraft(existing?.name ?? "", empty);
  const [pressed, setPressed] = useState(false);
  const save = useSaveDestination();
  const form = formOf(draft.kind);
  const local = validateDestination(draft, existing ? [] : taken);
  const server = serverErrors(save.error instanceof ProblemError ? save.error.problem.fields : []);
  const change = (changes: Partial<DestinationDraft>) => {
    if (save.error !== null) save.reset();
    keep({ ...draft, ...changes });
  };
  // What is empty is told only after a first try; what is wrong in a filled field at once.
  const errorOf = (key: string, value: string) =>
    server.errors[key] ?? (pressed || value !== "" ? local[key] : undefined);
  const problem = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (save.error !== null) problem.current?.focus();
  }, [save.error]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setPressed(true);
    if (Object.keys(local).length > 0) return;
    save.mutate(
      { existing: existing !== null, body: destinationBody(draft) },
      {
        onSuccess: ({ name }) => {
          toast("done", existing ? `${name} changed.` : `${name} added. Test its connection next.`);
          clear();
          onClose();
        },
      },
    );
  };
  const fields = form?.fields ?? [];
  const more = fields.filter((field) => field.more);
  const settingOf = (field: (typeof fields)[number]) => (
    <SettingControl
      key={field.key}
      field={field}
      value={draft.values[field.key] ?? ""}
      error={errorOf(field.key, draft.values[field.key] ?? "")}
      onChange={(value) => change({ values: { ...draft.values, [field.key]: value } })}
    />
  );
  return (
    <Panel title={existing ? `Edit ${existing.name}` : "Add a destination"} onClose={onClose}>
      <form onSubmit={submit} noValidate className={styles.form} aria-label="Destination">
        {save.error !== null && (
          <div ref={problem} tabIndex={-1} role="alert">
            <ProblemNotice
              problem={asProblem(save.error)}
              what={existing ? "It was not changed" : "It was not added"}
            />
            {server.rest.map((message) => (
              <p key={message}>{message}</p>
            ))}
          </div>
        )}
        <Field label="Name" hint="Runs and deliveries say it; it stays." error={errorOf("name", draft.name)}>
          {(control) => (
            <TextInput
              {...control}
              value={draft.name}
              disabled={existing !== null}
              autoComplete="off"
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        <Field label="Kind" hint={form?.says} error={server.errors.kind}>
          {(control) => (
            <Select
              {...control}
              value={draft.kind}
              disabled={existing !== null}
              onChange={(event) => {
                const next = formOf(event.target.value);
                if (next) change({ kind: next.kind });
              }}
            >
              {KIND_FORMS.map((each) => (
                <option key={each.kind} value={each.kind}>
                  {each.title}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {fields.filter((field) => !field.more).map(settingOf)}
        {form?.secret && (
          <SecretFields
            draft={draft}
            secret={form.secret}
            kept={existing?.credential ?? null}
            errorOf={errorOf}
            change={change}
          />
        )}
        {more.length > 0 && (
          <details
            className={styles.more}
            open={more.some((field) => errorOf(field.key, draft.values[field.key] ?? ""))}
          >
            <summary>More settings</summary>
            <div className={styles.form}>{more.map(settingOf)}</div>
          </details>
        )}
        <div className={styles.end}>
          <Button kind="primary" type="submit" icon="check" busy={save.isPending}>
            {existing ? "Save" : "Add destination"}
          </Button>
          <Button onClick={onClose}>{existing ? "Leave as it is" : "Not now"}</Button>
        </div>
      </form>
    </Panel>
  );
}

interface SecretFieldsProps {
  draft: DestinationDraft;
  secret: { label: string; hint: string };
  /** The credential it has. */
  kept: string | null;
  errorOf: (key: string, value: string) => string | undefined;
  change: (changes: Partial<DestinationDraft>) => void;
}

/** The secret is written and never read: an empty field keeps what is there. */
function SecretFields({ draft, secret, kept, errorOf, change }: SecretFieldsProps) {
  const secrets = useSecrets();
  const names = (secrets.data ?? []).map(({ name }) => name).filter((name) => name !== draft.name);
  if (draft.credential !== "" && !names.includes(draft.credential)) names.push(draft.credential);
  return (
    <>
      {names.length > 0 && (
        <Field
          label="Signs in with"
          hint="Destinations with the same secret share their limits."
          error={errorOf("credential", draft.credential)}
        >
          {(control) => (
            <Select
              {...control}
              value={draft.credential}
              onChange={(event) => change({ credential: event.target.value })}
            >
              <option value="">A secret of its own</option>
              {names.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field
        label={secret.label}
        hint={kept === null ? secret.hint : `${secret.hint} Empty keeps the one that is there.`}
        error={errorOf("secret", draft.secret)}
      >
        {(control) => (
          <TextInput
            {...control}
            type="password"
            value={draft.secret}
            autoComplete="new-password"
            placeholder={kept === null ? "" : "••••••••"}
            onChange={(event) => change({ secret: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}

/** Kept for this tab, but never the secret. */
function useDestinationDraft(name: string, empty: DestinationDraft) {
  const [kept, keepOpen, clear] = useKept(`headway.destination.draft.${name}`, empty, isDraft);
  const [secret, setSecret] = useState("");
  const keep = (next: DestinationDraft) => {
    setSecret(next.secret);
    keepOpen({ ...next, secret: "" });
  };
  return [{ ...kept, secret }, keep, clear] as const;
}

function isDraft(value: unknown): value is DestinationDraft {
  if (typeof value !== "object" || value === null) return false;
  const kept: Partial<Record<keyof DestinationDraft, unknown>> = value;
  return (
    typeof kept.name === "string" &&
    typeof kept.kind === "string" &&
    formOf(kept.kind) !== undefined &&
    typeof kept.credential === "string" &&
    typeof kept.secret === "string" &&
    typeof kept.values === "object" &&
    kept.values !== null &&
    Object.values(kept.values).every((each) => typeof each === "string")
  );
}
