/** How a destination stands, in a word and a sentence. Pure: the clock is an argument. */
import type { Destination } from "../../api";
import type { IconName, Tone } from "../../design";
import { duration, plural } from "../../design/format";

export interface Health {
  tone: Tone;
  icon: IconName;
  word: string;
  /** What it means and what to do; null where all is well. */
  why: string | null;
}

/** The worst thing first: no connector, paused, broken, throttled, slow. */
export function healthOf(destination: Destination, now: number): Health {
  const { problem, paused, breaker, limiter } = destination;
  if (problem) {
    const help = problem.help ? ` ${problem.help}` : "";
    return { tone: "failed", icon: "failed", word: "Not usable", why: `${problem.message}.${help}` };
  }
  if (paused) {
    const todo =
      paused.code === "unauthorized"
        ? " Put a fresh secret in place, test the connection, then resume."
        : " Nothing is sent until it is resumed.";
    return { tone: "waiting", icon: "paused", word: "Paused", why: `${paused.reason}${todo}` };
  }
  if (breaker.state === "open") {
    const left =
      breaker.until === null ? "" : ` Tried again in ${duration(Math.max(0, breaker.until - now))}.`;
    return {
      tone: "failed",
      icon: "offline",
      word: "Breaker open",
      why: `${breaker.reason ?? `${plural(breaker.failures, "failure")} in a row`}.${left}`,
    };
  }
  if (breaker.state === "half_open")
    return {
      tone: "warn",
      icon: "retry",
      word: "Trying",
      why: "One delivery is tried; if it gets through, all go on.",
    };
  if (limiter.paused_until !== null && limiter.paused_until > now)
    return {
      tone: "warn",
      icon: "waiting",
      word: "Throttled",
      why: `The destination asked for a pause of ${duration(limiter.paused_until - now)}.`,
    };
  return { tone: "done", icon: "done", word: "Healthy", why: null };
}

/** Deliveries that are not there yet. */
export function undelivered(counts: Destination["counts"]): number {
  return Object.entries(counts).reduce((sum, [state, count]) => (state === "done" ? sum : sum + count), 0);
}
