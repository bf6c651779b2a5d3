import type { Connection } from "../stream/connection";
import { Badge, type Tone } from "./Badge";
import styles from "./ConnectionBadge.module.css";
import { useNow } from "./clock";
import { clock } from "./format";
import type { IconName } from "./Icon";

const LOOKS: Record<Connection["state"], { tone: Tone; icon: IconName; word: string; about: string }> = {
  live: { tone: "done", icon: "signal", word: "LIVE", about: "Every event is here within a moment." },
  delayed: {
    tone: "warn",
    icon: "waiting",
    word: "Delayed",
    about: "The stream is open, but what is shown lags behind the server.",
  },
  reconnecting: {
    tone: "warn",
    icon: "retry",
    word: "Reconnecting",
    about: "The stream was cut; figures stand still until it is back.",
  },
  polling: {
    tone: "running",
    icon: "retry",
    word: "Polling",
    about: "Figures are asked for: the server has no streams, or something on the way holds them back.",
  },
  offline: { tone: "failed", icon: "offline", word: "Offline", about: "This device has no network." },
  stale: {
    tone: "failed",
    icon: "warn",
    word: "Stale",
    about: "No word from the server for a while; figures may be old.",
  },
  ended: { tone: "queued", icon: "done", word: "Ended", about: "The run is over; nothing will change." },
};

export type { Connection };

/** How fresh the figures are: icon, word, and "as of hh:mm:ss". Says LIVE only when it is. */
export function ConnectionBadge({
  connection,
  compact = false,
}: {
  connection: Connection;
  compact?: boolean;
}) {
  const look = LOOKS[connection.state];
  return (
    <span className={styles.connection} data-connection={connection.state}>
      <Badge tone={look.tone} icon={look.icon} title={look.about}>
        {look.word}
        {connection.state === "reconnecting" && connection.retryAt !== null && (
          <Countdown until={connection.retryAt} />
        )}
      </Badge>
      {connection.asOf !== null && (
        <span className={compact ? styles.compact : styles.asOf}>
          as of <span className="figures">{clock(connection.asOf)}</span>
        </span>
      )}
    </span>
  );
}

function Countdown({ until }: { until: number }) {
  const now = useNow();
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return <span className="figures">{seconds === 0 ? " now" : ` in ${seconds} s`}</span>;
}
