/** Access tokens as data: what is typed for a new one, what is wrong with it, and how an existing one stands. */
import type { Token } from "../api";

export type Expiry = "7" | "30" | "90" | "365" | "date" | "never";

export interface TokenDraft {
  name: string;
  expiry: Expiry;
  /** `YYYY-MM-DD`, for `expiry: "date"`. */
  date: string;
  scopes: string[];
}

export type TokenField = "name" | "expiry" | "scopes";
export type TokenErrors = Partial<Record<TokenField, string>>;

export const MAX_TOKEN_NAME = 80;
const DAY_MS = 86_400_000;
/** A token that ends within this time is said to. */
export const EXPIRES_SOON_MS = 7 * DAY_MS;

export const EXPIRIES: readonly { value: Expiry; label: string }[] = [
  { value: "7", label: "In 7 days" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "date", label: "On a date" },
  { value: "never", label: "Never" },
];

export function emptyTokenDraft(): TokenDraft {
  return { name: "", expiry: "90", date: "", scopes: [] };
}

export function validateToken(draft: TokenDraft, names: readonly string[], now: number): TokenErrors {
  const errors: TokenErrors = {};
  const name = draft.name.trim();
  if (name === "") errors.name = "Say where the token will be used, such as “backup script”.";
  else if (name.length > MAX_TOKEN_NAME) errors.name = `Use at most ${MAX_TOKEN_NAME} characters.`;
  else if (names.includes(name)) errors.name = "A token of this name exists. Another name keeps them apart.";
  if (draft.expiry === "date") {
    const at = endOfDay(draft.date);
    if (at === null) errors.expiry = "Choose the last day on which the token works.";
    else if (at <= now) errors.expiry = "That day has passed.";
  }
  if (draft.scopes.length === 0) errors.scopes = "Choose at least one permission.";
  return errors;
}

export function tokenBody(
  draft: TokenDraft,
  now: number,
): { name: string; expires_at: number | null; scopes: string[] } {
  return { name: draft.name.trim(), expires_at: expiresAt(draft, now), scopes: [...draft.scopes].sort() };
}

export function expiresAt(draft: TokenDraft, now: number): number | null {
  if (draft.expiry === "never") return null;
  if (draft.expiry === "date") return endOfDay(draft.date);
  return now + Number(draft.expiry) * DAY_MS;
}

export type TokenStatus = "active" | "ends-soon" | "expired";

export function tokenStatus(token: Pick<Token, "expires_at">, now: number): TokenStatus {
  if (token.expires_at === null) return "active";
  if (token.expires_at <= now) return "expired";
  return token.expires_at - now <= EXPIRES_SOON_MS ? "ends-soon" : "active";
}

/** Every permission, with what it allows. */
export const PERMISSIONS: Readonly<Record<string, string>> = {
  "runs:read": "See runs, their tasks, events and progress",
  "runs:write": "Start, cancel, pause, resume and retry runs",
  "runs:signal": "Send signals to runs",
  "ingest:read": "See ingests, their files, and the folders below the media roots",
  "ingest:write": "Start ingests, choose files, commit",
  "library:read": "See the library and its media",
  "library:write": "Rate the library's media",
  "outbox:read": "See deliveries and destinations",
  "outbox:write": "Replay deliveries; pause, resume and test destinations",
  "destinations:write": "Make, change and remove destinations and secrets",
  "system:read": "See limits, nodes and the hardware",
  "limits:write": "Pin limits",
  "schedules:read": "See schedules",
  "schedules:write": "Make, change and remove schedules",
  "tokens:write": "Make and revoke one's own tokens",
  "users:write": "Make, change and remove users; see and revoke their tokens",
  "settings:read": "See the configuration in force",
  "audit:read": "See the audit log",
  "backup:write": "Make backups",
  "metrics:read": "See the figures for Prometheus",
};

/** What may be given to a token: what its owner may do, with `*` and `resource:*` written out. */
export function grantable(permissions: readonly string[]): string[] {
  const all = Object.keys(PERMISSIONS);
  return permissions.flatMap((permission) => {
    if (permission === "*" || permission === "*:*") return all;
    if (!permission.endsWith(":*")) return [permission];
    return all.filter((known) => known.startsWith(permission.slice(0, -1)));
  });
}

/** Permissions `resource:action` by resource, each sorted; what has no colon stands under its own name. */
export function groupScopes(permissions: readonly string[]): { resource: string; scopes: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const scope of [...new Set(permissions)].sort()) {
    const resource = scope.split(":")[0] ?? scope;
    const list = groups.get(resource);
    if (list === undefined) groups.set(resource, [scope]);
    else list.push(scope);
  }
  return [...groups].map(([resource, scopes]) => ({ resource, scopes }));
}

export function toggleScopes(chosen: readonly string[], scopes: readonly string[], on: boolean): string[] {
  const set = new Set(chosen);
  for (const scope of scopes) {
    if (on) set.add(scope);
    else set.delete(scope);
  }
  return [...set];
}

/** The name has to be typed as it is; spaces around it do not count. */
export function nameMatches(typed: string, name: string): boolean {
  return typed.trim() === name.trim();
}

/** The last millisecond of a day in local time, or `null` when the text is no date. */
function endOfDay(text: string): number | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day] = parts.map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  const date = new Date(year, month - 1, day, 23, 59, 59, 999);
  return date.getMonth() === month - 1 ? date.getTime() : null;
}
