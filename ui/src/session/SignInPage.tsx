import { type FormEvent, useEffect, useState } from "react";
import { Redirect, useSearch } from "wouter";
import { ProblemError } from "../api";
import { Button, Field, Notice, Tabs, TextInput } from "../design";
import { wakeStream } from "../stream";
import styles from "./SignInPage.module.css";
import { type Credentials, useSession, useSignIn } from "./session.query";
import { nextPath, passwordFault } from "./signin.model";

const TABS = [
  { id: "password", title: "User and password" },
  { id: "code", title: "One-time code" },
];

/** Sign in by one-time code (printed at the first start) or by user and password. */
export default function SignInPage() {
  const search = new URLSearchParams(useSearch());
  const session = useSession();
  const signIn = useSignIn();
  const [tab, setTab] = useState(search.has("code") || !search.has("next") ? "code" : "password");
  useEffect(() => {
    document.title = "Sign in · Headway";
  }, []);
  if (session.data) return <Redirect to={nextPath(search.get("next"))} replace />;
  const submit = (credentials: Credentials) => signIn.mutate(credentials, { onSuccess: wakeStream });
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <h1>Sign in to Headway</h1>
        <Tabs label="Ways to sign in" tabs={TABS} value={tab} onChange={setTab}>
          {tab === "code" ? (
            <CodeForm initial={search.get("code") ?? ""} busy={signIn.isPending} onSubmit={submit} />
          ) : (
            <PasswordForm busy={signIn.isPending} onSubmit={submit} />
          )}
        </Tabs>
        <div role="alert">{signIn.error && <Failure error={signIn.error} />}</div>
      </div>
    </main>
  );
}

interface FormProps {
  busy: boolean;
  onSubmit: (credentials: Credentials) => void;
}

function CodeForm({ initial, busy, onSubmit }: FormProps & { initial: string }) {
  const [code, setCode] = useState(initial);
  const [password, setPassword] = useState("");
  const wrong = passwordFault(password);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wrong === null) onSubmit({ code: code.trim(), ...(password === "" ? {} : { password }) });
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field
        label="Code"
        hint="Printed in the terminal when Headway starts, until somebody signed in with it; it works once."
      >
        {(control) => (
          <TextInput
            {...control}
            className="figures"
            autoComplete="one-time-code"
            autoFocus
            required
            value={code}
            onChange={(event) => setCode(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Password for next time"
        hint="The code is used up by this: with a password, user admin can sign in again."
        error={wrong ?? undefined}
      >
        {(control) => (
          <TextInput
            {...control}
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" busy={busy} disabled={code.trim() === "" || wrong !== null}>
        Sign in
      </Button>
    </form>
  );
}

function PasswordForm({ busy, onSubmit }: FormProps) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ user, password });
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label="User">
        {(control) => (
          <TextInput
            {...control}
            autoComplete="username"
            autoFocus
            required
            value={user}
            onChange={(event) => setUser(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {(control) => (
          <TextInput
            {...control}
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" busy={busy} disabled={user === "" || password === ""}>
        Sign in
      </Button>
    </form>
  );
}

function Failure({ error }: { error: Error }) {
  const code = error instanceof ProblemError ? error.code : "client_error";
  return (
    <Notice tone="failed" title="That did not work">
      {error.message} <code>{code}</code>
    </Notice>
  );
}
