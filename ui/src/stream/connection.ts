/** What a page may say about how fresh it is. */
export type ConnectionState = "live" | "delayed" | "reconnecting" | "polling" | "offline" | "stale" | "ended";

export interface Connection {
  state: ConnectionState;
  /** When the server last said anything, by this device's clock; the figures are as of then. */
  asOf: number | null;
  /** When the next try starts, while reconnecting. */
  retryAt: number | null;
  /** `signed_out`: the server wants a new sign-in. */
  reason: "signed_out" | null;
}

/** Before the first word. */
export const NO_CONNECTION: Connection = { state: "reconnecting", asOf: null, retryAt: null, reason: null };
