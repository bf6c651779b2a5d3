import { type FormEvent, useState } from "react";
import { asProblem, type Secret } from "../../api";
import {
  Button,
  Card,
  type Column,
  EmptyState,
  Field,
  Name,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  Table,
  TextInput,
  toast,
  toastProblem,
} from "../../design";
import { may, useSession } from "../../session/session.query";
import { useDeleteSecret, useSaveSecret, useSecrets } from "./destinations.query";
import styles from "./SecretsCard.module.css";

/** What destinations sign in with: names and ages, never values. */
export function SecretsCard() {
  const session = useSession();
  const allowed = may(session.data, "destinations:write");
  return allowed ? <Secrets /> : null;
}

function Secrets() {
  const secrets = useSecrets();
  const [replacing, setReplacing] = useState<string | null>(null);
  const remove = useDeleteSecret();
  const columns = columnsOf(setReplacing, (name) =>
    remove.mutate(name, {
      onSuccess: () => toast("done", `Secret ${name} deleted.`),
      onError: (error) => toastProblem(`Secret ${name} was not deleted`, error),
    }),
  );
  return (
    <Card
      title="Secrets"
      flush
      actions={
        <Button icon="plus" onClick={() => setReplacing("")}>
          Add a secret
        </Button>
      }
    >
      {secrets.error && (
        <ProblemNotice
          problem={asProblem(secrets.error)}
          what="The secrets could not be listed"
          onRetry={() => secrets.refetch()}
        />
      )}
      {replacing !== null && (
        <SecretForm key={replacing} name={replacing} onClose={() => setReplacing(null)} />
      )}
      {!secrets.data && !secrets.error && <Skeleton height={36} lines={2} />}
      {secrets.data?.length === 0 && (
        <EmptyState icon="lock" title="No secrets yet">
          A destination's secret is kept encrypted under a name. Nobody can read it back, here or by the API.
        </EmptyState>
      )}
      {secrets.data && secrets.data.length > 0 && (
        <Table
          label="Secrets"
          columns={columns}
          rows={secrets.data}
          rowKey={(secret) => secret.name}
          rowHeight={36}
        />
      )}
    </Card>
  );
}

function columnsOf(
  onReplace: (name: string) => void,
  onDelete: (name: string) => void,
): readonly Column<Secret>[] {
  return [
    {
      key: "name",
      title: "Name",
      width: "minmax(96px, 1fr)",
      cell: (secret) => <Name text={secret.name} mono />,
    },
    {
      key: "used",
      title: "Used by",
      width: "minmax(96px, 2fr)",
      wide: true,
      cell: (secret) => (secret.used_by.length === 0 ? "nothing" : <Name text={secret.used_by.join(", ")} />),
    },
    {
      key: "changed",
      title: "Changed",
      width: "96px",
      align: "end",
      wide: true,
      cell: (secret) => <RelativeTime at={secret.changed_at} />,
    },
    {
      key: "verbs",
      title: <span className="sr">Actions</span>,
      width: "172px",
      align: "end",
      cell: (secret) => (
        <>
          <Button
            kind="quiet"
            aria-label={`Replace the value of ${secret.name}`}
            onClick={() => onReplace(secret.name)}
          >
            Replace
          </Button>
          <Button
            kind="quiet"
            icon="trash"
            aria-label={`Delete ${secret.name}`}
            disabled={secret.used_by.length > 0}
            title={secret.used_by.length > 0 ? "A destination signs in with it" : "Deletes it for good"}
            onClick={() => onDelete(secret.name)}
          />
        </>
      ),
    },
  ];
}

/** A name and a value; the value is sent once and not kept in the page. */
function SecretForm({ name: given, onClose }: { name: string; onClose: () => void }) {
  const [name, setName] = useState(given);
  const [value, setValue] = useState("");
  const save = useSaveSecret();
  const ready = name.trim() !== "" && value !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    save.mutate(
      { name: name.trim(), value },
      {
        onSuccess: () => {
          toast("done", `Secret ${name} kept.`);
          onClose();
        },
      },
    );
  };
  return (
    <form onSubmit={submit} className={styles.form} aria-label="Secret">
      {save.error !== null && (
        <ProblemNotice problem={asProblem(save.error)} what="The secret was not kept" />
      )}
      <div className={styles.fields}>
        <Field label="Name" hint="What destinations say.">
          {(control) => (
            <TextInput
              {...control}
              value={name}
              disabled={given !== ""}
              autoComplete="off"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Value" hint="Never shown again.">
          {(control) => (
            <TextInput
              {...control}
              type="password"
              autoComplete="new-password"
              value={value}
              onChange={(event) => setValue(event.target.value)}
            />
          )}
        </Field>
      </div>
      <div className={styles.end}>
        <Button kind="primary" icon="lock" type="submit" disabled={!ready} busy={save.isPending}>
          {given === "" ? "Keep secret" : `Replace ${given}`}
        </Button>
        <Button onClick={onClose}>Not now</Button>
      </div>
    </form>
  );
}
