import { type FormEvent, useState } from "react";
import { asProblem, ProblemError, type Token } from "../api";
import { useKept } from "../app/useKept";
import { useQueryState, withParams } from "../apps/library/media/query";
import {
  Badge,
  Button,
  Card,
  Checkbox,
  type Column,
  CopyButton,
  EmptyState,
  Field,
  format,
  Name,
  Notice,
  ProblemNotice,
  RelativeTime,
  Select,
  Skeleton,
  Table,
  TextInput,
} from "../design";
import { useSession } from "../session/session.query";
import styles from "./Forms.module.css";
import { RevokePanel } from "./RevokePanel";
import { useCreateToken, useTokens } from "./settings.query";
import {
  EXPIRIES,
  emptyTokenDraft,
  grantable,
  groupScopes,
  PERMISSIONS,
  type TokenDraft,
  type TokenErrors,
  toggleScopes,
  tokenBody,
  tokenStatus,
  validateToken,
} from "./tokens.model";

/** Access tokens: the list, a new one (shown once), revoking one. */
export function TokensSection() {
  const tokens = useTokens();
  const [params, write] = useQueryState();
  const revoking = tokens.data?.items.find((token) => token.id === params.get("revoke"));
  const setRevoking = (id: string | null) => write(withParams(params, { revoke: id }));
  return (
    <>
      <Card title="Access tokens" flush>
        {tokens.error && !tokens.data && (
          <ProblemNotice
            problem={asProblem(tokens.error)}
            what="The tokens could not be read"
            onRetry={() => tokens.refetch()}
          />
        )}
        {tokens.isPending && (
          <div className={styles.loading}>
            <Skeleton height={32} lines={3} />
          </div>
        )}
        {tokens.data?.items.length === 0 && (
          <EmptyState icon="link" title="No tokens yet">
            A token lets a program do some of what you may do, until it ends or is revoked. Create one below.
          </EmptyState>
        )}
        {tokens.data && tokens.data.items.length > 0 && (
          <Table
            label="Access tokens"
            columns={columnsOf((token) => setRevoking(token.id))}
            rows={tokens.data.items}
            rowKey={(token) => token.id}
            rowHeight={36}
          />
        )}
      </Card>
      <NewToken names={tokens.data?.items.map((token) => token.name) ?? []} />
      {revoking && <RevokePanel token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function columnsOf(onRevoke: (token: Token) => void): readonly Column<Token>[] {
  return [
    { key: "name", title: "Name", width: "minmax(110px, 2fr)", cell: (token) => <Name text={token.name} /> },
    {
      key: "prefix",
      title: "Starts with",
      width: "100px",
      wide: true,
      cell: (token) => <code>{token.prefix}</code>,
    },
    {
      key: "scopes",
      title: "May",
      width: "minmax(100px, 2fr)",
      wide: true,
      cell: (token) => <Name text={token.scopes.join(", ")} />,
    },
    {
      key: "used",
      title: "Last used",
      width: "110px",
      wide: true,
      cell: (token) => <LastUsed token={token} />,
    },
    { key: "ends", title: "Ends", width: "minmax(96px, 1fr)", cell: (token) => <Ends token={token} /> },
    {
      key: "revoke",
      title: <span className="sr">Revoke</span>,
      width: "92px",
      align: "end",
      cell: (token) => (
        <Button
          kind="danger"
          aria-label={`Revoke ${format.visible(token.name)}`}
          onClick={() => onRevoke(token)}
        >
          Revoke
        </Button>
      ),
    },
  ];
}

function LastUsed({ token }: { token: Token }) {
  return token.last_used_at === null ? <span>never</span> : <RelativeTime at={token.last_used_at} />;
}

function Ends({ token }: { token: Token }) {
  const status = tokenStatus(token, Date.now());
  if (status === "expired") {
    return (
      <Badge tone="failed" icon="failed">
        Ended
      </Badge>
    );
  }
  if (token.expires_at === null) return <span>never</span>;
  return status === "ends-soon" ? (
    <Badge tone="warn" icon="warn">
      <RelativeTime at={token.expires_at} />
    </Badge>
  ) : (
    <RelativeTime at={token.expires_at} />
  );
}

const DRAFT_KEY = "headway.token.draft";

function NewToken({ names }: { names: readonly string[] }) {
  const session = useSession();
  const [draft, keep, clear] = useKept(DRAFT_KEY, emptyTokenDraft(), isDraft);
  const [pressed, setPressed] = useState(false);
  const create = useCreateToken();
  const errors = validateToken(draft, names, Date.now());
  const server = serverErrors(create.error);
  const change = (changes: Partial<TokenDraft>) => {
    if (create.error !== null) create.reset();
    keep({ ...draft, ...changes });
  };
  // An empty field is told only after a first try; something wrong in a filled one at once.
  const told = (field: keyof TokenErrors, empty: boolean) =>
    server[field] ?? (pressed || !empty ? errors[field] : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setPressed(true);
    if (Object.keys(errors).length > 0) return;
    create.mutate(tokenBody(draft, Date.now()), {
      onSuccess: () => {
        clear();
        setPressed(false);
      },
    });
  };
  return (
    <Card title="New token">
      <form onSubmit={submit} noValidate className={styles.form} aria-label="New token">
        {create.data?.token !== undefined && (
          <Secret token={create.data} secret={create.data.token} onHide={create.reset} />
        )}
        {create.error !== null && (
          <ProblemNotice problem={asProblem(create.error)} what="The token was not created" />
        )}
        <div className={styles.pair}>
          <Field label="Name" hint="Where it will be used." error={told("name", draft.name === "")}>
            {(control) => (
              <TextInput
                {...control}
                value={draft.name}
                autoComplete="off"
                onChange={(event) => change({ name: event.target.value })}
              />
            )}
          </Field>
          <Expiry draft={draft} change={change} error={told("expiry", draft.date === "")} />
        </div>
        <Scopes
          permissions={session.data?.permissions ?? []}
          chosen={draft.scopes}
          onChange={(scopes) => change({ scopes })}
          error={told("scopes", draft.scopes.length === 0)}
        />
        <div className={styles.end}>
          <Button kind="primary" icon="plus" type="submit" busy={create.isPending}>
            Create token
          </Button>
        </div>
      </form>
    </Card>
  );
}

interface ExpiryProps {
  draft: TokenDraft;
  change: (changes: Partial<TokenDraft>) => void;
  error: string | undefined;
}

function Expiry({ draft, change, error }: ExpiryProps) {
  return (
    <>
      <Field
        label="Ends"
        hint="A short life limits what a lost token can do."
        error={draft.expiry === "date" ? undefined : error}
      >
        {(control) => (
          <Select
            {...control}
            value={draft.expiry}
            onChange={(event) => {
              const chosen = EXPIRIES.find((expiry) => expiry.value === event.target.value);
              if (chosen) change({ expiry: chosen.value });
            }}
          >
            {EXPIRIES.map((expiry) => (
              <option key={expiry.value} value={expiry.value}>
                {expiry.label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {draft.expiry === "date" && (
        <Field label="Last day" error={error}>
          {(control) => (
            <TextInput
              {...control}
              type="date"
              value={draft.date}
              onChange={(event) => change({ date: event.target.value })}
            />
          )}
        </Field>
      )}
    </>
  );
}

interface ScopesProps {
  permissions: readonly string[];
  chosen: readonly string[];
  onChange: (scopes: string[]) => void;
  error: string | undefined;
}

/** The permissions of whoever is signed in: a token can never do more. */
function Scopes({ permissions, chosen, onChange, error }: ScopesProps) {
  return (
    <fieldset className={styles.choices} aria-describedby="scopes-about">
      <legend className={styles.legend}>May</legend>
      <div className={styles.scopes}>
        {groupScopes(grantable(permissions)).map((group) => (
          <div key={group.resource} className={styles.group}>
            {group.scopes.length > 1 && (
              <Checkbox
                label={<strong>All of {group.resource}</strong>}
                checked={group.scopes.every((scope) => chosen.includes(scope))}
                onChange={(event) => onChange(toggleScopes(chosen, group.scopes, event.target.checked))}
              />
            )}
            {group.scopes.map((scope) => (
              <Checkbox
                key={scope}
                label={<code>{scope}</code>}
                hint={PERMISSIONS[scope]}
                checked={chosen.includes(scope)}
                onChange={(event) => onChange(toggleScopes(chosen, [scope], event.target.checked))}
              />
            ))}
          </div>
        ))}
      </div>
      <p id="scopes-about" className={error ? styles.error : styles.hint}>
        {error ?? "Only what you may do yourself."}
      </p>
    </fieldset>
  );
}

function Secret({ token, secret, onHide }: { token: Token; secret: string; onHide: () => void }) {
  return (
    <Notice
      tone="done"
      title={
        <>
          Token <Name text={token.name} /> created
        </>
      }
      action={<Button onClick={onHide}>I have kept it</Button>}
    >
      This is the only time it is shown. Copy it now; only its hash is kept.
      <div className={styles.secret}>
        <code>{secret}</code>
        <CopyButton text={secret} label="Copy token" />
      </div>
    </Notice>
  );
}

function serverErrors(error: unknown): TokenErrors {
  if (!(error instanceof ProblemError)) return {};
  const errors: TokenErrors = {};
  for (const { path, message } of error.problem.fields) {
    const root = path.split(/[/.[\]]+/).find((part) => part !== "");
    if (root === "name") errors.name = message;
    else if (root === "expires_at") errors.expiry = message;
    else if (root === "scopes") errors.scopes = message;
  }
  return errors;
}

function isDraft(value: unknown): value is TokenDraft {
  if (typeof value !== "object" || value === null) return false;
  const kept: Partial<Record<keyof TokenDraft, unknown>> = value;
  return (
    typeof kept.name === "string" &&
    typeof kept.date === "string" &&
    EXPIRIES.some((expiry) => expiry.value === kept.expiry) &&
    Array.isArray(kept.scopes) &&
    kept.scopes.every((scope) => typeof scope === "string")
  );
}
