import type { Event, JsonObject } from "../../../api";
import { visible } from "../../../design/format";

export type Level = "debug" | "info" | "warn" | "error";
export const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/** The kinds that make up a log: every fact but the good end of each single item. */
export const LOG_KINDS = "log,run.*,stage.*,task.retrying,task.failed,task.lost,signal.*,app.*";
const QUIET = new Set(["task.done", "items.emitted", "app.milestone"]);

export interface LogLine {
  seq: number;
  at: number;
  level: Level;
  /** Stage, and item where there is one. */
  where: string;
  text: string;
  /** Lower case, for the search. */
  haystack: string;
}

export function isLogged(event: Event): boolean {
  return !QUIET.has(event.kind);
}

/** A fact as a line of the log. */
export function toLine(event: Event): LogLine {
  const { level, text } = say(event);
  const where = visible([event.stage, event.key].filter((part) => part !== null).join(" "));
  const shown = visible(stripAnsi(text));
  return {
    seq: event.run_seq,
    at: event.at,
    level,
    where,
    text: shown,
    haystack: `${where} ${shown}`.toLowerCase(),
  };
}

/** Keeps what it made of each fact, so that a log that grows is not read anew. */
export function lineMaker(): (events: readonly Event[]) => LogLine[] {
  const made = new WeakMap<Event, LogLine>();
  return (events) =>
    events.map((event) => {
      const known = made.get(event);
      if (known) return known;
      const line = toLine(event);
      made.set(event, line);
      return line;
    });
}

export interface LogFilter {
  /** Lines below this level are left out. */
  level: Level;
  q: string;
  stage: string;
}

/** Lines that pass; all of them when nothing is asked. */
export function filterLines(lines: readonly LogLine[], { level, q, stage }: LogFilter): readonly LogLine[] {
  const floor = LEVELS.indexOf(level);
  const text = q.toLowerCase();
  if (floor === 0 && text === "" && stage === "") return lines;
  return lines.filter(
    (line) =>
      LEVELS.indexOf(line.level) >= floor &&
      (text === "" || line.haystack.includes(text)) &&
      (stage === "" || line.where === stage || line.where.startsWith(`${stage} `)),
  );
}

export function isLevel(text: string): text is Level {
  return LEVELS.some((level) => level === text);
}

function say(event: Event): { level: Level; text: string } {
  const { kind, data } = event;
  switch (kind) {
    case "log":
      return {
        level: isLevel(str(data, "level")) ? (str(data, "level") as Level) : "info",
        text: str(data, "message"),
      };
    case "run.created":
      return { level: "info", text: "Run created" };
    case "run.started":
      return { level: "info", text: "Run started" };
    case "run.waiting":
      return { level: "info", text: `Run waits${named(data, "signal", " for ")}` };
    case "run.paused":
      return { level: "info", text: `Run paused${named(data, "by", " by ")}` };
    case "run.resumed":
      return { level: "info", text: `Run resumed${named(data, "by", " by ")}` };
    case "run.completed":
      return { level: "info", text: `Run ${str(data, "state") || "completed"}`.replaceAll("_", " ") };
    case "run.failed":
      return { level: "error", text: `Run failed: ${failure(data)}` };
    case "run.cancelled":
      return {
        level: "warn",
        text: `Run cancelled${named(data, "by", " by ")}${named(data, "reason", ": ")}`,
      };
    case "run.retried":
      return { level: "info", text: `Failed items put back in line${named(data, "by", " by ")}` };
    case "stage.opened":
      return { level: "info", text: "Stage opened" };
    case "stage.closed":
      return { level: "info", text: `Stage closed: ${counts(data.counts)}` };
    case "stage.skipped":
      return { level: "info", text: `Stage skipped${named(data, "reason", ": ")}` };
    case "task.retrying":
      return {
        level: "warn",
        text: `Attempt ${event.attempt ?? "?"} failed, will be tried again: ${failure(data)}`,
      };
    case "task.failed":
      return { level: "error", text: `Failed: ${failure(data)}` };
    case "task.lost":
      return { level: "warn", text: `Attempts lost with worker ${str(data, "worker")}` };
    case "signal.received":
      return { level: "info", text: `Signal ${str(data, "name")} received${named(data, "by", " from ")}` };
    case "app.error":
      return { level: "error", text: `${str(data, "file")}: ${str(data, "message")} (${str(data, "code")})` };
    default:
      return { level: "info", text: `${kind} ${JSON.stringify(data)}` };
  }
}

function failure(data: JsonObject): string {
  const { error } = data;
  if (typeof error !== "object" || error === null || Array.isArray(error)) return "unknown cause";
  return `${str(error, "message")} (${str(error, "code")})`;
}

function counts(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${String(count)} ${name}`)
    .join(", ");
}

function named(data: JsonObject, key: string, lead: string): string {
  const text = str(data, key);
  return text === "" ? "" : `${lead}${text}`;
}

function str(data: JsonObject, key: string): string {
  const value = data[key];
  return typeof value === "string"
    ? value
    : value === null || value === undefined
      ? ""
      : JSON.stringify(value);
}

/** Colours and cursor moves of terminals mean nothing here; what is left of controls is made visible. */
function stripAnsi(text: string): string {
  return text.replace(ANSI, "");
}
const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[ -/]*[@-~]`, "g");
