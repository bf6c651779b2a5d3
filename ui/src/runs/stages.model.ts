import type { RunSummary, Stage } from "../api";
import type { BarPart } from "../design";

/** A stage's bar: done, skipped, failed, in flight; the rest of it is what waits. */
export function stageParts(stage: Stage): BarPart[] {
  const total = stageTotal(stage);
  if (total === 0) return stage.state === "closed" ? [{ tone: "done", share: 1 }] : [];
  return [
    { tone: "done", share: stage.done / total },
    { tone: "cancelled", share: (stage.skipped + stage.cancelled) / total },
    { tone: "failed", share: stage.failed / total },
    { tone: "running", share: stage.in_flight / total },
    { tone: "waiting", share: stage.waiting / total },
  ];
}

/** Items of a stage: what it counts as its total, and never less than what it shows. */
export function stageTotal(stage: Stage): number {
  return Math.max(stage.total, finished(stage) + stage.pending + stage.waiting);
}

export function stagePercent(stage: Stage): number {
  const total = stageTotal(stage);
  if (total === 0) return stage.state === "closed" ? 100 : 0;
  const percent = (finished(stage) / total) * 100;
  return stage.state === "closed" ? 100 : Math.min(99.9, percent);
}

const SHOWN_KEYS = [
  "name",
  "title",
  "state",
  "total",
  "done",
  "failed",
  "skipped",
  "cancelled",
  "waiting",
  "pending",
  "in_flight",
  "retries",
  "rate_per_s",
  "limit",
  "opened_at",
  "closed_at",
] as const satisfies readonly (keyof Stage)[];

/** Whether two pictures of a stage look alike: each frame brings new objects, most with the same figures. */
export function sameStage(a: Stage, b: Stage): boolean {
  return a === b || (SHOWN_KEYS.every((key) => a[key] === b[key]) && a.needs.join() === b.needs.join());
}

function finished(stage: Stage): number {
  return stage.done + stage.failed + stage.skipped + stage.cancelled;
}

/** A run's bar in a list: done, failed, in flight. */
export function runParts(run: RunSummary): BarPart[] {
  const { done, failed, total, percent } = run.figures;
  if (run.state === "completed") return [{ tone: "done", share: 1 }];
  if (total === 0) return [];
  // The bar never shows more than the figure beside it, and keeps the part that failed visible.
  const whole = percent / 100;
  const bad = Math.min(whole, failed / total);
  const tone = run.state === "cancelled" ? "cancelled" : run.state === "running" ? "running" : "done";
  return [
    { tone: done + failed >= total ? "done" : tone, share: whole - bad },
    { tone: "failed", share: bad },
  ];
}

/** Stages in columns by their depth in the graph: what can go on side by side stands in one column. */
export function stageColumns(stages: readonly Stage[]): Stage[][] {
  const depths = new Map<string, number>();
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const depth = (stage: Stage, seen: ReadonlySet<string>): number => {
    const known = depths.get(stage.name);
    if (known !== undefined) return known;
    const before = stage.needs
      .map((name) => byName.get(name))
      .filter((need) => need !== undefined && !seen.has(need.name));
    const value = before.reduce(
      (max, need) => (need ? Math.max(max, depth(need, new Set([...seen, stage.name])) + 1) : max),
      0,
    );
    depths.set(stage.name, value);
    return value;
  };
  const columns: Stage[][] = [];
  for (const stage of stages) {
    const at = depth(stage, new Set());
    while (columns.length <= at) columns.push([]);
    columns[at]?.push(stage);
  }
  return columns.filter((column) => column.length > 0);
}

/** Files of an ingest that were read and are not yet in the library or known to it; what its pages call processed. */
export function processedFiles(run: Pick<RunSummary, "counters" | "stages" | "figures">): number {
  const read = run.stages.find((stage) => stage.name === "read");
  if (read === undefined) return run.counters.processed ?? run.figures.done;
  return Math.max(0, read.done - (run.counters.skipped ?? 0));
}
