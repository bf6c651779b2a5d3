import type { Timeline } from "../../../api";

type TimelineAttempt = Timeline["attempts"][number];

/** A stretch of time, Unix milliseconds. */
export interface Span {
  from: number;
  to: number;
}

/** An attempt with the lane it is drawn in. */
export interface Placed {
  attempt: TimelineAttempt;
  from: number;
  to: number;
  lane: number;
}

/** A stage's part of the chart. */
export interface StageRow {
  name: string;
  from: number | null;
  to: number | null;
  lanes: number;
  placed: Placed[];
}

/** Lanes a stage at most; more attempts at once share the last one. */
export const MAX_LANES = 8;
export const MIN_SPAN_MS = 10;

/** Stages in their order with their attempts packed into as few lanes as hold them without overlap. */
export function layOut(timeline: Timeline, now: number): StageRow[] {
  const byStage = new Map<string, TimelineAttempt[]>();
  for (const attempt of timeline.attempts) {
    const list = byStage.get(attempt.stage);
    if (list) list.push(attempt);
    else byStage.set(attempt.stage, [attempt]);
  }
  return timeline.stages.map((stage) => {
    const attempts = [...(byStage.get(stage.name) ?? [])].sort((a, b) => a.started_at - b.started_at);
    const ends: number[] = [];
    const placed = attempts.map((attempt) => {
      const to = Math.max(attempt.ended_at ?? now, attempt.started_at);
      let lane = ends.findIndex((end) => end <= attempt.started_at);
      if (lane < 0) lane = Math.min(ends.length, MAX_LANES - 1);
      ends[lane] = Math.max(ends[lane] ?? 0, to);
      return { attempt, from: attempt.started_at, to, lane };
    });
    return {
      name: stage.name,
      from: stage.opened_at,
      to: stage.opened_at === null ? null : (stage.closed_at ?? now),
      lanes: ends.length,
      placed,
    };
  });
}

/** All the time that the rows speak of; at least a second, so that a short run has a chart too. */
export function extent(rows: readonly StageRow[], startedAt: number, now: number): Span {
  let from = startedAt;
  let to = startedAt;
  for (const row of rows) {
    for (const edge of [row.from, row.to, ...row.placed.flatMap((placed) => [placed.from, placed.to])]) {
      if (edge === null) continue;
      from = Math.min(from, edge);
      to = Math.max(to, edge);
    }
  }
  if (to === from) to = Math.max(from, Math.min(now, from + 1000));
  return { from, to: Math.max(to, from + 1000) };
}

/** Zooms about a point, `at` 0..1 of what is seen; `factor` below 1 looks closer. Never leaves the whole. */
export function zoom(seen: Span, whole: Span, factor: number, at: number): Span {
  const width = Math.min(whole.to - whole.from, Math.max(MIN_SPAN_MS, (seen.to - seen.from) * factor));
  const point = seen.from + (seen.to - seen.from) * at;
  return inside({ from: point - width * at, to: point + width * (1 - at) }, whole);
}

/** Moves what is seen by a share of its width. */
export function pan(seen: Span, whole: Span, share: number): Span {
  const by = (seen.to - seen.from) * share;
  return inside({ from: seen.from + by, to: seen.to + by }, whole);
}

function inside(span: Span, whole: Span): Span {
  const width = Math.min(span.to - span.from, whole.to - whole.from);
  const from = Math.max(whole.from, Math.min(span.from, whole.to - width));
  return { from, to: from + width };
}

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000,
];

/** Marks of the axis, as milliseconds since `origin`, at most `count` of them, on round values. */
export function ticks(seen: Span, origin: number, count: number): number[] {
  const width = seen.to - seen.from;
  const day = 86_400_000;
  const step = STEPS_MS.find((each) => width / each <= count) ?? Math.ceil(width / count / day) * day;
  const marks: number[] = [];
  for (let mark = Math.ceil((seen.from - origin) / step) * step; mark <= seen.to - origin; mark += step)
    marks.push(mark);
  return marks;
}

/** The span as it stands in the URL, in milliseconds since `origin`; null for the whole. */
export function spanParam(seen: Span, whole: Span, origin: number): string | null {
  const all = seen.from <= whole.from && seen.to >= whole.to;
  return all ? null : `${Math.round(seen.from - origin)}-${Math.round(seen.to - origin)}`;
}

/** Reads the URL; what is not a span within the whole is the whole. */
export function parseSpan(text: string, whole: Span, origin: number): Span {
  const found = /^(\d+)-(\d+)$/.exec(text);
  if (!found) return whole;
  const [from, to] = [origin + Number(found[1]), origin + Number(found[2])];
  if (to - from < MIN_SPAN_MS || to <= whole.from || from >= whole.to) return whole;
  return inside({ from, to }, whole);
}
