/**
 * How a run's picture follows its stream. Pure: the clock is an argument.
 *
 * A run's events are numbered without holes. Lossless events come one by one; the others are folded into
 * `progress`, which says which numbers it covers (`from..to`) and carries absolute values. So the picture knows
 * how far it is complete (`covered`), which ranges came early (`ahead`), and since when a hole stands open
 * (`gapSince`). A hole that does not fill within GAP_GRACE_MS is a loss: the page fetches the run anew.
 */
import type {
  Event,
  ItemProgress,
  Progress,
  Run,
  RunDeliveries,
  RunState,
  RunSummary,
  Stage,
  TaskError,
} from "../api/wire";

/** Progress may lag behind events by its conflation interval; a hole older than this is a loss. */
export const GAP_GRACE_MS = 2_000;
/** Items whose own progress is kept a run: the newest. */
export const MAX_ITEMS = 64;

/** What a run that stages nothing has. */
export const NO_DELIVERIES: RunDeliveries = { staged: 0, done: 0, dead: 0, unsent: 0 };

export interface RunView {
  run: Run | RunSummary;
  /** Everything up to this run_seq is in the picture. */
  covered: number;
  /** Ranges beyond `covered` that are in the picture too, ascending, apart from one another. */
  ahead: readonly (readonly [from: number, to: number])[];
  gapSince: number | null;
  /** The newest run_seq that the state and the figures speak of. */
  stateSeq: number;
  /** What is being worked on just now. */
  current: string | null;
  items: ReadonlyMap<string, ItemProgress>;
  /** When the server last said something of this run, by this device's clock. */
  asOf: number;
  /** Whether the picture lacks something that only the run itself tells (what it waits for, its error, its times). */
  incomplete: boolean;
}

export function isTerminal(state: RunState): boolean {
  return (
    state === "completed" || state === "completed_with_errors" || state === "failed" || state === "cancelled"
  );
}

/** Whether figures of the run may still move without anybody's doing. */
export function isMoving(state: RunState): boolean {
  return state === "running" || state === "queued";
}

/** A whole run, from a snapshot or a fetch. An older one than what is shown changes nothing. */
export function applySnapshot(view: RunView | undefined, run: Run | RunSummary, now: number): RunView {
  if (view && run.run_seq < view.covered) return view;
  const ahead = view ? view.ahead.filter(([, to]) => to > run.run_seq) : [];
  const newer = !view || run.run_seq >= view.stateSeq;
  const input =
    "input" in run && run.input !== undefined
      ? run
      : view && "input" in view.run
        ? { ...run, input: view.run.input }
        : run;
  const next: RunView = {
    run: newer || !view ? settle(input, view?.run) : view.run,
    covered: run.run_seq,
    ahead,
    gapSince: null,
    stateSeq: Math.max(view?.stateSeq ?? 0, run.run_seq),
    current: isTerminal(run.state) ? null : (view?.current ?? null),
    items: view?.items ?? new Map(),
    asOf: now,
    // One that was made before the state shown does not tell what that state lacks.
    incomplete: newer ? false : (view?.incomplete ?? false),
  };
  return absorb(next, now);
}

/** Conflated figures. Older ones than what is shown only close holes. */
export function applyProgress(
  view: RunView,
  progress: Progress,
  source: "stream" | "poll",
  now: number,
): RunView {
  const covered =
    source === "poll"
      ? {
          ...view,
          covered: Math.max(view.covered, progress.to),
          ahead: view.ahead.filter(([, to]) => to > progress.to),
          gapSince: null,
        }
      : cover(view, progress.from, progress.to, now);
  if (progress.to < view.stateSeq) return { ...covered, asOf: now };
  const run = settle(
    {
      ...view.run,
      state: progress.state,
      run_seq: Math.max(view.run.run_seq, progress.to),
      figures: progress.figures,
      stages: progress.stages,
      counters: progress.counters,
      rate_per_s: progress.rate_per_s,
      eta_ms: progress.eta_ms,
      deliveries: progress.deliveries ?? view.run.deliveries,
    },
    view.run,
  );
  return {
    ...covered,
    run,
    stateSeq: progress.to,
    current: progress.current,
    asOf: now,
    incomplete: view.incomplete || run.state !== view.run.state,
  };
}

/** One fact. Known ones (sent again after a reconnect) change nothing. */
export function applyEvent(view: RunView, event: Event, now: number): RunView {
  if (knows(view, event.run_seq)) return view;
  const covered = { ...cover(view, event.run_seq, event.run_seq, now), asOf: now };
  const run = { ...view.run, run_seq: Math.max(view.run.run_seq, event.run_seq) };
  if (event.run_seq < view.stateSeq)
    return { ...covered, run, incomplete: covered.incomplete || event.kind.startsWith("run.") };
  const change = transition(run, event);
  if (change === null) return { ...covered, run };
  return {
    ...covered,
    run: settle({ ...run, ...change }, event.kind === "run.retried" ? undefined : view.run),
    stateSeq: event.run_seq,
    incomplete: covered.incomplete || event.kind.startsWith("run."),
  };
}

/** One item's own progress; it never goes back within the item's stage. */
export function applyItem(view: RunView, item: ItemProgress, now: number): RunView {
  const before = view.items.get(item.item);
  if (
    before &&
    before.stage === item.stage &&
    before.attempt === item.attempt &&
    (before.at > item.at || before.done > item.done)
  ) {
    return view;
  }
  const items = new Map(view.items);
  items.delete(item.item);
  if (item.total === 0 || item.done < item.total) items.set(item.item, item);
  for (const key of items.keys()) {
    if (items.size <= MAX_ITEMS) break;
    items.delete(key);
  }
  return { ...view, items, asOf: now };
}

/** Whether the picture already holds the fact with this number. */
export function knows(view: RunView, runSeq: number): boolean {
  return runSeq <= view.covered || view.ahead.some(([from, to]) => from <= runSeq && runSeq <= to);
}

/** Whether something was lost, so that the run must be fetched. */
export function hasGap(view: RunView, now: number): boolean {
  return view.gapSince !== null && now - view.gapSince >= GAP_GRACE_MS;
}

function cover(view: RunView, from: number, to: number, now: number): RunView {
  if (to <= view.covered) return view;
  if (from > view.covered + 1) {
    return { ...view, ahead: insert(view.ahead, from, to), gapSince: view.gapSince ?? now };
  }
  return absorb({ ...view, covered: to }, now);
}

/** Joins ranges that the covered part has reached; what remains ahead is a new, younger hole. */
function absorb(view: RunView, now: number): RunView {
  let covered = view.covered;
  let rest = view.ahead;
  for (let first = rest[0]; first && first[0] <= covered + 1; first = rest[0]) {
    covered = Math.max(covered, first[1]);
    rest = rest.slice(1);
  }
  return { ...view, covered, ahead: rest, gapSince: rest.length === 0 ? null : now };
}

function insert(ranges: RunView["ahead"], from: number, to: number): RunView["ahead"] {
  const next: (readonly [number, number])[] = [];
  let [low, high] = [from, to];
  for (const range of ranges) {
    if (range[1] < low - 1 || range[0] > high + 1) next.push(range);
    else [low, high] = [Math.min(low, range[0]), Math.max(high, range[1])];
  }
  next.push([low, high]);
  return next.sort((a, b) => a[0] - b[0]);
}

/** Percent neither falls while the run goes on, nor shows 100 before the end. */
function settle<R extends Run | RunSummary>(run: R, before: RunSummary | undefined): R {
  const over = isTerminal(run.state);
  const reopened = before !== undefined && isTerminal(before.state) && !over;
  const floor =
    before === undefined || reopened || before.id !== run.id
      ? 0
      : Math.min(before.figures.percent, over ? 100 : 99.9);
  const ceiling = over ? 100 : 99.9;
  const percent = Math.min(ceiling, Math.max(floor, run.figures.percent));
  return percent === run.figures.percent ? run : { ...run, figures: { ...run.figures, percent } };
}

type Change = Partial<Omit<RunSummary, "id">>;

/** What an event changes in the run, or null when the figures follow by progress. */
function transition(run: RunSummary, event: Event): Change | null {
  switch (event.kind) {
    case "run.started":
      return { state: "running", started_at: run.started_at ?? event.at };
    case "run.waiting":
      return { state: "waiting", rate_per_s: 0, eta_ms: null, waiting_for: waitingFor(run, event) };
    case "run.paused":
      return { state: "paused", rate_per_s: 0, eta_ms: null };
    case "run.resumed":
      return { state: "running" };
    case "run.retried":
      return { state: "running", ended_at: null, error: null, figures: reopened(run) };
    case "run.completed":
      return over(
        event,
        event.data.state === "completed_with_errors" ? "completed_with_errors" : "completed",
      );
    case "run.failed":
      return { ...over(event, "failed"), error: taskError(event.data.error) ?? run.error };
    case "run.cancelled":
      return over(event, "cancelled");
    case "signal.received":
      return { waiting_for: run.waiting_for.filter((wait) => wait.signal !== event.data.name) };
    case "stage.opened":
      return stage(run, event, (before) => ({
        ...before,
        state: "open",
        opened_at: before.opened_at ?? event.at,
      }));
    case "stage.closed":
      return stage(run, event, (before) => ({
        ...before,
        state: "closed",
        closed_at: event.at,
        rate_per_s: 0,
        in_flight: 0,
      }));
    case "stage.skipped":
      return stage(run, event, (before) => ({ ...before, state: "skipped" }));
    default:
      return null;
  }
}

/** A retry takes the failed tasks out of what is finished: the only way by which percent falls. */
function reopened(run: RunSummary): RunSummary["figures"] {
  const { done, total } = run.figures;
  return { done, total, failed: 0, percent: total > 0 ? (done / total) * 100 : 0 };
}

function over(event: Event, state: RunState): Change {
  return { state, ended_at: event.at, rate_per_s: 0, eta_ms: null, waiting_for: [] };
}

function stage(run: RunSummary, event: Event, change: (before: Stage) => Stage): Change {
  return { stages: run.stages.map((each) => (each.name === event.stage ? change(each) : each)) };
}

function waitingFor(run: RunSummary, event: Event) {
  const { stage: name, signal } = event.data;
  if (typeof name !== "string" || typeof signal !== "string") return run.waiting_for;
  return [
    ...run.waiting_for.filter((wait) => wait.stage !== name || wait.signal !== signal),
    { stage: name, signal, since: event.at },
  ];
}

function taskError(value: unknown): TaskError | null {
  if (typeof value !== "object" || value === null) return null;
  const [code, message, help, retryable] = ["code", "message", "help", "retryable"].map((key): unknown =>
    Reflect.get(value, key),
  );
  if (typeof code !== "string" || typeof message !== "string") return null;
  return { code, message, help: typeof help === "string" ? help : null, retryable: retryable === true };
}
