import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { asProblem, type Destination } from "../../api";
import {
  Badge,
  Bar,
  Button,
  Card,
  Name,
  Notice,
  ProblemNotice,
  RelativeTime,
  stateLook,
  toast,
  toastProblem,
  useNow,
} from "../../design";
import { number, rate } from "../../design/format";
import { DELIVERY_STATES, total } from "../filters.model";
import styles from "./DestinationCard.module.css";
import { DestinationDelete } from "./DestinationDelete";
import { DestinationPause } from "./DestinationPause";
import { kindTitle } from "./destination.form.model";
import { useDestinationVerb, useTestDestination } from "./destinations.query";
import { healthOf, undelivered } from "./health.model";

export interface DestinationCardProps {
  destination: Destination;
  /** Pause, resume, test. */
  mayWork: boolean;
  /** Edit, delete. */
  mayChange: boolean;
  /** The address names it. */
  marked: boolean;
  onEdit: () => void;
}

type Asking = "pause" | "delete" | null;

/** One destination: how it stands, what waits for it, and what can be done. */
export function DestinationCard(props: DestinationCardProps) {
  const { destination, mayWork, mayChange, marked, onEdit } = props;
  const place = useRef<HTMLDivElement>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const until = destination.breaker.until ?? destination.limiter.paused_until;
  const now = useNow(until === null ? "still" : "ticking");
  const health = healthOf(destination, now);
  useEffect(() => {
    if (marked) place.current?.scrollIntoView({ block: "nearest" });
  }, [marked]);
  const { name } = destination;
  return (
    <div ref={place}>
      <Card
        title={
          <>
            <Name text={name} /> <span className={styles.kind}>{kindTitle(destination.kind)}</span>
          </>
        }
        actions={
          <Badge tone={health.tone} icon={health.icon}>
            {health.word}
          </Badge>
        }
      >
        <div className={styles.body}>
          {health.why && (
            <Notice
              tone={health.tone === "failed" ? "failed" : health.tone === "waiting" ? "waiting" : "warn"}
              title={<Name text={health.why} />}
            >
              {destination.paused && (
                <>
                  Since <RelativeTime at={destination.paused.at} />. <code>{destination.paused.code}</code>
                </>
              )}
            </Notice>
          )}
          <Counts destination={destination} />
          <Figures destination={destination} />
          {mayWork && (
            <Verbs destination={destination} mayChange={mayChange} onEdit={onEdit} onAsk={setAsking} />
          )}
          {asking === "pause" && <DestinationPause name={name} onClose={() => setAsking(null)} />}
          {asking === "delete" && (
            <DestinationDelete destination={destination} onClose={() => setAsking(null)} />
          )}
        </div>
      </Card>
    </div>
  );
}

function Counts({ destination: { name, counts } }: { destination: Destination }) {
  const all = total(counts);
  return (
    <div className={styles.counts}>
      <Bar
        label={`Delivered to ${name}`}
        percent={all === 0 ? 0 : ((counts.done ?? 0) / all) * 100}
        parts={DELIVERY_STATES.toReversed().map((state) => ({
          tone: stateLook(state).tone,
          share: all === 0 ? 0 : (counts[state] ?? 0) / all,
        }))}
        size="thin"
      />
      <ul className={styles.states}>
        {DELIVERY_STATES.filter((state) => (counts[state] ?? 0) > 0).map((state) => (
          <li key={state}>
            <Link href={`/deliveries?${new URLSearchParams({ destination: name, state })}`}>
              {stateLook(state).word} <span className="figures">{number(counts[state] ?? 0)}</span>
            </Link>
          </li>
        ))}
        {all === 0 && <li className={styles.quiet}>Nothing staged for it yet</li>}
      </ul>
    </div>
  );
}

function Figures({ destination }: { destination: Destination }) {
  const { limiter, breaker, counts, oldest_undelivered_at: oldest, guarantee } = destination;
  return (
    <dl className={styles.figures}>
      <Figure name="Delivered">{rate(destination.delivered_per_s)}</Figure>
      <Figure name="Undelivered">{number(undelivered(counts))}</Figure>
      <Figure name="Oldest">{oldest === null ? "–" : <RelativeTime at={oldest} />}</Figure>
      <Figure name="In flight">
        {number(limiter.in_flight)} of {number(limiter.parallel)}
      </Figure>
      <Figure name="Limit">{limiter.rate_per_s === null ? "none" : rate(limiter.rate_per_s)}</Figure>
      {limiter.remaining !== null && <Figure name="Left in window">{number(limiter.remaining)}</Figure>}
      <Figure name="Breaker">
        {breaker.state.replace("_", " ")}
        {breaker.failures > 0 && `, ${number(breaker.failures)} failed`}
      </Figure>
      <Figure name="Effect">{guarantee === null ? "–" : GUARANTEES[guarantee]}</Figure>
      <Figure name="Signs in with">
        {destination.credential === null ? "nothing" : <Name text={destination.credential} mono />}
      </Figure>
    </dl>
  );
}

const GUARANTEES: Record<NonNullable<Destination["guarantee"]>, string> = {
  exactly_once_effect: "exactly once",
  at_least_once: "at least once",
};

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface VerbsProps {
  destination: Destination;
  mayChange: boolean;
  onEdit: () => void;
  onAsk: (asking: Asking) => void;
}

function Verbs({ destination: { name, paused }, mayChange, onEdit, onAsk }: VerbsProps) {
  const verb = useDestinationVerb();
  const test = useTestDestination();
  const resume = () =>
    verb.mutate(
      { name, verb: "resume" },
      {
        onSuccess: () => toast("done", `${name} goes on.`),
        onError: (error) => toastProblem(`${name} could not be resumed`, error),
      },
    );
  return (
    <>
      <div className={styles.verbs} role="group" aria-label={`Actions of ${name}`}>
        {paused ? (
          <Button kind="primary" icon="running" busy={verb.isPending} onClick={resume}>
            Resume
          </Button>
        ) : (
          <Button
            icon="paused"
            title="Nothing more is sent until it is resumed"
            onClick={() => onAsk("pause")}
          >
            Pause…
          </Button>
        )}
        <Button
          icon="signal"
          busy={test.isPending}
          title="Asks whether it answers and lets us in; changes nothing there"
          onClick={() => test.mutate(name)}
        >
          Test connection
        </Button>
        {mayChange && (
          <>
            <Button icon="edit" onClick={onEdit}>
              Edit
            </Button>
            <Button kind="danger" icon="trash" onClick={() => onAsk("delete")}>
              Delete…
            </Button>
          </>
        )}
      </div>
      <div role="status">
        {test.error !== null && (
          <ProblemNotice problem={asProblem(test.error)} what="The connection could not be tested" />
        )}
        {test.data && (
          <Notice
            tone={test.data.ok ? "done" : "failed"}
            title={test.data.ok ? "The connection works" : "The connection does not work"}
            action={
              <Button
                kind="quiet"
                icon="close"
                aria-label="Close the test's answer"
                onClick={() => test.reset()}
              />
            }
          >
            <Name text={test.data.error?.message ?? test.data.message} />{" "}
            {test.data.error && <code>{test.data.error.code}</code>} {test.data.error?.help}
          </Notice>
        )}
      </div>
    </>
  );
}
