import { type FormEvent, useState } from "react";
import { asProblem, type Token } from "../api";
import {
  Button,
  Facts,
  Field,
  format,
  Name,
  Panel,
  ProblemNotice,
  RelativeTime,
  TextInput,
  toast,
} from "../design";
import styles from "./Forms.module.css";
import { useRevokeToken } from "./settings.query";
import { nameMatches } from "./tokens.model";

/** Revoking cannot be undone, so the token's name has to be typed. */
export function RevokePanel({ token, onClose }: { token: Token; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const revoke = useRevokeToken();
  const matches = nameMatches(typed, token.name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!matches) return;
    revoke.mutate(token.id, {
      onSuccess: () => {
        toast("done", `Token ${format.visible(token.name)} revoked.`);
        onClose();
      },
    });
  };
  return (
    <Panel
      title={
        <>
          Revoke <Name text={token.name} />
        </>
      }
      onClose={onClose}
    >
      <form onSubmit={submit} noValidate className={styles.form}>
        <p>
          Programs that use this token are refused within a second, on open streams too. It cannot be undone;
          a new token can be created.
        </p>
        <Facts
          facts={[
            ["Starts with", <code key="prefix">{token.prefix}</code>],
            ["May", token.scopes.join(", ")],
            [
              "Last used",
              token.last_used_at === null ? "never" : <RelativeTime key="used" at={token.last_used_at} />,
            ],
          ]}
        />
        <Field
          label={
            <>
              Type <Name text={token.name} mono /> to revoke it
            </>
          }
          error={typed !== "" && !matches ? "This is not the token's name." : undefined}
        >
          {(control) => (
            <TextInput
              {...control}
              value={typed}
              autoComplete="off"
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
        {revoke.error !== null && (
          <ProblemNotice problem={asProblem(revoke.error)} what="The token was not revoked" />
        )}
        <div className={styles.end}>
          <Button kind="danger" icon="trash" type="submit" disabled={!matches} busy={revoke.isPending}>
            Revoke token
          </Button>
          <Button onClick={onClose}>Keep token</Button>
        </div>
      </form>
    </Panel>
  );
}
