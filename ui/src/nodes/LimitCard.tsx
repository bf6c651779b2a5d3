import { type FormEvent, useState } from "react";
import { asProblem, type Limit } from "../api";
import {
  Badge,
  Button,
  Card,
  Field,
  Name,
  RelativeTime,
  SimpleBar,
  TextInput,
  toast,
  toastProblem,
  useNow,
} from "../design";
import { dateTime, duration, number, rate } from "../design/format";
import { may, useSession } from "../session/session.query";
import styles from "./LimitCard.module.css";
import { limitTitle, pinProblem, stepPath, steps } from "./limits.model";
import { usePin } from "./nodes.query";

const CHART = { width: 400, height: 40 };
const SHOWN_CHANGES = 6;

/** A limit: what it is now and why, how it came there, and a pin for those who know better. */
export function LimitCard({ limit, stages }: { limit: Limit; stages?: readonly string[] }) {
  const now = useNow("still");
  const changes = [...limit.history].sort((a, b) => b.at - a.at);
  return (
    <Card
      title={<Name text={limitTitle(limit.class)} />}
      actions={
        <>
          {limit.pinned && <Badge icon="pin">Pinned</Badge>}
          <code className={styles.class}>
            <Name text={limit.class} />
          </code>
        </>
      }
    >
      <div className={styles.limit}>
        <dl className={styles.figures}>
          <Figure name="Limit">{number(limit.limit)}</Figure>
          <Figure name="In use">{number(limit.in_use)}</Figure>
          <Figure name="Throughput">{rate(limit.throughput_per_s)}</Figure>
          <Figure name="Median">{duration(limit.p50_ms)}</Figure>
        </dl>
        <SimpleBar
          value={limit.limit === 0 ? 0 : limit.in_use / limit.limit}
          label={`${limit.class} in use`}
          size="thin"
        />
        <p>
          <Name text={limit.reason} />{" "}
          <span className={styles.quiet}>
            · <RelativeTime at={limit.changed_at} />
          </span>
        </p>
        {stages && <p className={styles.quiet}>Holds {stages.join(", ")}.</p>}
        <svg
          className={styles.chart}
          viewBox={`0 -2 ${CHART.width} ${CHART.height + 4}`}
          preserveAspectRatio="none"
          role="img"
          aria-label="The limit over time; the list below holds the same"
        >
          <path d={stepPath(steps(limit, now), CHART.width, CHART.height)} />
        </svg>
        {changes.length > 0 && (
          <ol className={styles.changes}>
            {changes.slice(0, SHOWN_CHANGES).map((change) => (
              <li key={`${change.at} ${change.to}`}>
                <time dateTime={new Date(change.at).toISOString()} title={dateTime(change.at)}>
                  <RelativeTime at={change.at} />
                </time>
                <span className="figures">
                  {number(change.from)} → {number(change.to)}
                </span>
                <Name text={change.reason} />
              </li>
            ))}
          </ol>
        )}
        <Pin limit={limit} />
      </div>
    </Card>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Pin({ limit }: { limit: Limit }) {
  const session = useSession();
  const pin = usePin();
  const [text, setText] = useState<string | null>(null);
  if (!may(session.data, "limits:write")) return null;
  const send = (pinned: number | null) =>
    pin.mutate(
      { name: limit.class, pinned },
      {
        onSuccess: () => {
          setText(null);
          toast(
            "done",
            pinned === null ? "The limit follows the machine again." : `Pinned to ${number(pinned)}.`,
          );
        },
        onError: (error) => toastProblem("The limit could not be changed", error),
      },
    );
  const problem = text === null ? null : pinProblem(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text !== null && problem === null) send(Number(text));
  };
  if (text === null) {
    return (
      <div className={styles.pin}>
        <Button icon="pin" onClick={() => setText(String(limit.limit))}>
          {limit.pinned ? "Change the pin" : "Pin"}
        </Button>
        {limit.pinned && (
          <Button busy={pin.isPending} onClick={() => send(null)}>
            Unpin: follow the machine
          </Button>
        )}
      </div>
    );
  }
  return (
    <form className={styles.pin} onSubmit={submit}>
      <Field
        label={`Pin ${limitTitle(limit.class)} to`}
        hint="Stays until it is unpinned; nothing adapts meanwhile."
        error={problem ?? (pin.error ? asProblem(pin.error).detail : undefined)}
      >
        {(control) => (
          <TextInput
            {...control}
            inputMode="numeric"
            value={text}
            autoFocus
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" busy={pin.isPending} disabled={problem !== null}>
        Pin
      </Button>
      <Button onClick={() => setText(null)}>Leave as it is</Button>
    </form>
  );
}
