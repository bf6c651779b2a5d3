/**
 * The Process step as data. A run's counters arrive conflated and absolute, so everything here is derived from the
 * latest ones, plus a small memory (`Watch`) that keeps the bar from going back and marks what has just changed.
 */
import type { RunState } from "../../api";
import { isTerminal } from "../../stream/stream.model";
import type { IngestPhase, IngestStats } from "./types";

/** The steps that a run goes through, in order. */
export type Step = "process" | "preview" | "commit";

/** Files between two milestones. */
export const MILESTONE_EVERY = 10;

/** The most error rows kept on the page; older ones are in the run's log. */
export const MAX_ERROR_ROWS = 500;

export interface StageLike {
  name: string;
  state: string;
  total: number;
  done: number;
  failed: number;
  opened_at: number | null;
}

/** The part of a run that these derivations read. */
export interface RunLike {
  state: RunState;
  counters: Readonly<Record<string, number>>;
  waiting_for: readonly { stage: string; signal: string }[];
  stages: readonly StageLike[];
}

export type StatName = keyof IngestStats;

export interface StatCard {
  name: StatName;
  label: string;
  /** What the figure counts, in one sentence. */
  help: string;
  value: number;
  /** Shown after the value: "of 1,234". */
  of: number | null;
  tone: "plain" | "warn" | "bad";
}

/** What the page remembers between two updates. */
export interface Watch {
  /** 0…100, never smaller than before within one ingest. */
  percent: number;
  /** The last multiple of ten files that was reached. */
  milestone: number;
  stats: IngestStats;
  /** Counts how often each figure has changed; a card pulses when its number here changes. */
  pulses: Readonly<Record<StatName, number>>;
  /** Counts milestones seen while watching; the processed card flashes when it changes. */
  flashes: number;
}

const NO_STATS: IngestStats = {
  discovered: 0,
  skipped: 0,
  processed: 0,
  failed: 0,
  metadata: 0,
  keywords: 0,
  scores: 0,
  nsfw: 0,
  errors: 0,
};

const STAT_NAMES: readonly StatName[] = [
  "discovered",
  "skipped",
  "processed",
  "failed",
  "metadata",
  "keywords",
  "scores",
  "nsfw",
  "errors",
];

/**
 * The figures to show, from the run as the stream moves it, so that two tabs always show the same. A figure that the
 * run counts is taken from its counters; files are counted by its stages; what neither tells comes from `fetched`.
 */
export function statsOf(run: Pick<RunLike, "counters" | "stages">, fetched: IngestStats | null): IngestStats {
  const stats = { ...(fetched ?? NO_STATS), ...filesOf(run) };
  for (const name of STAT_NAMES) {
    const counted = run.counters[name];
    // Distinct keywords are no counter; runs of older versions have one, which counts a word once for each file.
    if (counted === undefined || name === "keywords") continue;
    // The counter holds what activities report; a task that failed for good is an error besides.
    stats[name] =
      name === "errors" && run.counters.processed === undefined ? counted + failedTasks(run) : counted;
  }
  return stats;
}

/** Files by stage, counted as the server and the terminal count them: processed is what was read. */
function filesOf(run: Pick<RunLike, "counters" | "stages">): Partial<IngestStats> {
  const read = run.stages.find((stage) => stage.name === "read");
  if (read === undefined) return {};
  return {
    discovered: read.total,
    failed: read.failed,
    processed: Math.max(0, read.done - (run.counters.skipped ?? 0)),
    errors: failedTasks(run),
  };
}

/**
 * Processed files that nothing before Preview has still to look at. The bar follows these: classifying may take far
 * longer than reading, and a bar that is full while files are still being looked at would lie.
 */
export function describedOf(run: Pick<RunLike, "counters" | "stages">, stats: IngestStats): number {
  const looks = run.stages.filter(
    (stage) => (stage.name === "enrich" || stage.name === "classify") && stage.state !== "skipped",
  );
  return Math.max(0, Math.min(stats.processed, ...looks.map((stage) => stage.done + stage.failed)));
}

function failedTasks(run: Pick<RunLike, "stages">): number {
  return run.stages.reduce((sum, stage) => sum + stage.failed, 0);
}

/** Where an ingest stands, from its run alone, so that the live stream moves it without asking again. */
export function phaseOf(run: RunLike): IngestPhase {
  if (isTerminal(run.state)) return "done";
  if (run.waiting_for.some((w) => w.signal === "commit")) return "preview";
  const approve = run.stages.find((s) => s.name === "approve");
  // Progress brings the stages before the fact says what is waited for.
  if (run.state === "waiting" && approve?.state === "open") return "preview";
  const commit = run.stages.find((s) => s.name === "commit");
  if (
    commit?.state === "open" &&
    (approve === undefined || approve.state === "closed" || approve.state === "skipped")
  ) {
    return "committing";
  }
  return "processing";
}

/** The furthest step that an ingest has reached: of one that was cancelled or failed, where it stopped. */
export function reachedOf(run: RunLike): Step {
  const phase = phaseOf(run);
  if (phase === "processing") return "process";
  if (phase === "preview") return "preview";
  if (phase === "committing" || (run.state !== "cancelled" && run.state !== "failed")) return "commit";
  const opened = (name: string) =>
    run.stages.some((stage) => stage.name === name && stage.opened_at !== null);
  if (opened("commit")) return "commit";
  return opened("approve") ? "preview" : "process";
}

/**
 * How much of the processing is done, 0…100. While folders are still being read the whole is unknown and grows, so
 * 100 is only given once processing has ended.
 */
export function processedPercent(stats: IngestStats, reached: Step, described = stats.processed): number {
  if (reached !== "process") return 100;
  const settled = described + stats.failed + stats.skipped;
  if (stats.discovered <= 0) return 0;
  return Math.min(99.9, Math.floor((settled / stats.discovered) * 1000) / 10);
}

export function startWatch(stats: IngestStats, reached: Step, described = stats.processed): Watch {
  return {
    percent: processedPercent(stats, reached, described),
    milestone: milestoneOf(stats),
    stats,
    pulses: { ...NO_STATS },
    flashes: 0,
  };
}

/** Folds one more reading in. Returns the same object when nothing changed, so that nothing is drawn again. */
export function advanceWatch(
  watch: Watch,
  stats: IngestStats,
  reached: Step,
  described = stats.processed,
): Watch {
  const percent = Math.max(watch.percent, processedPercent(stats, reached, described));
  const changed = STAT_NAMES.filter((name) => stats[name] !== watch.stats[name]);
  if (changed.length === 0 && percent === watch.percent) return watch;
  const pulses = { ...watch.pulses };
  for (const name of changed) pulses[name] += 1;
  const milestone = Math.max(watch.milestone, milestoneOf(stats));
  return {
    percent,
    milestone,
    stats,
    pulses,
    flashes: milestone > watch.milestone ? watch.flashes + 1 : watch.flashes,
  };
}

/** The six figures, and the two that appear only when they are not zero. */
export function statCards(stats: IngestStats): StatCard[] {
  const cards: StatCard[] = [
    card("processed", "Processed", "Files read.", stats, { of: stats.discovered }),
    card("metadata", "Metadata", "Files whose metadata was really read.", stats, {}),
    card("keywords", "Keywords", "Distinct keywords added.", stats, {}),
    card("scores", "Scores", "Files whose sidecar gave a score.", stats, {}),
    card("nsfw", "NSFW", "Files over the threshold. Files that were not analysed are not counted.", stats, {
      tone: "warn",
    }),
    card("errors", "Errors", "Every error, each with its file, stage, reason and time.", stats, {
      tone: "bad",
    }),
  ];
  if (stats.skipped > 0) cards.push(card("skipped", "Skipped", "Files already in the library.", stats, {}));
  if (stats.failed > 0)
    cards.push(card("failed", "Failed", "Files that could not be processed.", stats, { tone: "bad" }));
  return cards;
}

function card(
  name: StatName,
  label: string,
  help: string,
  stats: IngestStats,
  more: { of?: number; tone?: StatCard["tone"] },
): StatCard {
  const value = stats[name];
  return {
    name,
    label,
    help,
    value,
    of: more.of ?? null,
    tone: value > 0 ? (more.tone ?? "plain") : "plain",
  };
}

function milestoneOf(stats: IngestStats): number {
  return Math.floor(stats.processed / MILESTONE_EVERY) * MILESTONE_EVERY;
}

/** One error line, from the live stream or from the stored list. */
export interface ErrorRow {
  id: string;
  at: number;
  file: string;
  key: string | null;
  stage: string;
  code: string;
  message: string;
}

/** An event as far as errors are concerned. */
export interface EventLike {
  kind: string;
  at: number;
  run_seq: number;
  stage: string | null;
  key: string | null;
  data: Readonly<Record<string, unknown>>;
}

/** The stored and the live errors as one list, newest first, each once. */
export function mergeErrors(
  stored: readonly Omit<ErrorRow, "id">[],
  events: readonly EventLike[],
): ErrorRow[] {
  const rows = new Map<string, ErrorRow>();
  for (const error of stored) {
    const id = errorId(error);
    rows.set(id, { ...error, id });
  }
  for (const event of events) {
    const row = errorOf(event);
    if (row !== null && !rows.has(row.id)) rows.set(row.id, row);
  }
  return [...rows.values()].sort((a, b) => b.at - a.at || a.id.localeCompare(b.id)).slice(0, MAX_ERROR_ROWS);
}

/** Errors by their cause: how many, first and last, and an example. */
export interface ErrorGroup {
  code: string;
  stage: string;
  count: number;
  first_at: number;
  last_at: number;
  example: ErrorRow;
}

export function groupErrors(rows: readonly ErrorRow[]): ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>();
  for (const row of rows) {
    const id = `${row.stage}\u0000${row.code}`;
    const group = groups.get(id);
    if (group === undefined) {
      groups.set(id, {
        code: row.code,
        stage: row.stage,
        count: 1,
        first_at: row.at,
        last_at: row.at,
        example: row,
      });
    } else {
      group.count += 1;
      group.first_at = Math.min(group.first_at, row.at);
      group.last_at = Math.max(group.last_at, row.at);
    }
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.last_at - a.last_at);
}

function errorOf(event: EventLike): ErrorRow | null {
  if (event.kind !== "app.error") return null;
  const file = text(event.data.file) ?? event.key ?? "";
  const row = {
    at: event.at,
    file,
    key: event.key ?? text(event.data.key),
    stage: text(event.data.stage) ?? event.stage ?? "",
    code: text(event.data.code) ?? "unknown",
    message: text(event.data.message) ?? "",
  };
  return { ...row, id: errorId(row) };
}

/** The same error is told by the stream and by the list; file, stage, code and message say that it is the same one. */
function errorId(row: Omit<ErrorRow, "id">): string {
  return [row.file, row.stage, row.code, row.message].join("\u0000");
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
