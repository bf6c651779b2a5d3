// The simulated world behind the mock server: runs with stages and tasks, their events, limits, nodes.
// Development aid only. Deterministic data, so that screenshots compare.

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** A small seeded generator (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function runId(at, salt) {
  let value = BigInt(at) * 65536n + BigInt(salt % 65536);
  let text = "";
  for (let i = 0; i < 13; i++) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}

const STAGE = {
  state: "pending",
  activity: null,
  signal: null,
  wait_class: null,
  needs: [],
  for_each: null,
  total: 0,
  waiting: 0,
  pending: 0,
  in_flight: 0,
  done: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  retries: 0,
  opened_at: null,
  closed_at: null,
  rate_per_s: 0,
  limit: null,
};

export const PIPELINES = {
  ingest: {
    name: "ingest",
    version: 1,
    title: "Ingest media",
    app: "ingest",
    stages: [
      {
        name: "discover",
        title: "Discover",
        activity: "ingest.discover",
        wait_class: "io",
        needs: [],
        limit: 2,
      },
      {
        name: "read",
        title: "Read",
        activity: "ingest.read",
        wait_class: "cpu",
        needs: ["discover"],
        for_each: "discover",
        limit: 4,
      },
      {
        name: "enrich",
        title: "Enrich",
        activity: "ingest.enrich",
        wait_class: "cpu",
        needs: ["read"],
        for_each: "read",
        limit: 4,
      },
      {
        name: "classify",
        title: "Classify",
        activity: "ingest.classify",
        wait_class: "cpu",
        needs: ["read"],
        for_each: "read",
        limit: 2,
      },
      {
        name: "preview",
        title: "Preview",
        activity: "ingest.preview",
        wait_class: "io",
        needs: ["enrich", "classify"],
        for_each: "read",
        limit: 8,
      },
      { name: "approve", title: "Approve", signal: "commit", needs: ["preview"] },
      {
        name: "commit",
        title: "Commit",
        activity: "ingest.commit",
        wait_class: "io",
        needs: ["approve"],
        for_each: "preview",
        limit: 8,
      },
    ],
  },
  "nightly-report": {
    name: "nightly-report",
    version: 3,
    title: "Nightly report",
    app: "pipeline",
    stages: [
      { name: "plan", title: "Plan", activity: "plan", wait_class: "cpu", needs: [], limit: 2 },
      {
        name: "fetch",
        title: "Fetch pages",
        activity: "http",
        wait_class: "bucket:api.example.com",
        needs: ["plan"],
        for_each: "plan",
        limit: 12,
      },
      {
        name: "render",
        title: "Render",
        activity: "job:render",
        wait_class: "cpu",
        needs: ["fetch"],
        for_each: "fetch",
        limit: 2,
      },
      {
        name: "publish",
        title: "Publish",
        activity: "http",
        wait_class: "io",
        needs: ["render"],
        for_each: "render",
        limit: 16,
      },
    ],
  },
};

const WRITERS = [
  ["epics", "Epics", []],
  ["features", "Features", ["epics"]],
  ["stories", "Stories", ["features"]],
  ["tasks", "Tasks", ["stories"]],
  ["test_cases", "Test cases", ["stories"]],
];
PIPELINES.backlog = {
  name: "backlog",
  version: 1,
  title: "Backlog",
  app: "backlog",
  stages: [
    ...WRITERS.map(([name, title, needs]) => ({
      name,
      title,
      needs,
      activity: "backlog.write",
      wait_class: "bucket:llm.example.org",
      for_each: needs[0] ?? null,
      limit: 4,
    })),
    { name: "review", title: "Review", activity: "backlog.review", needs: ["tasks", "test_cases"] },
    { name: "approve", title: "Approve", signal: "approve", needs: ["review"] },
    { name: "stage", title: "Stage", activity: "backlog.stage", wait_class: "io", needs: ["approve"] },
  ],
};

export class World {
  constructor() {
    this.epoch = "e7k2";
    this.feedSeq = 0;
    this.runs = new Map();
    this.listeners = new Set();
    this.dirty = new Set();
    this.random = random(7);
    this.limits = new Map();
    this.makeLimits();
  }

  createRun(pipelineName, options) {
    const pipeline = PIPELINES[pipelineName];
    const at = options.created_at ?? Date.now();
    const run = {
      id: runId(at, this.runs.size + 1),
      pipeline: { name: pipeline.name, version: pipeline.version, title: pipeline.title },
      title: options.title,
      app: pipeline.app,
      state: options.state ?? "queued",
      created_at: at,
      started_at: null,
      ended_at: null,
      created_by: options.created_by ?? "mira",
      run_seq: 0,
      input: options.input ?? {},
      stages: pipeline.stages.map((stage) => ({ ...STAGE, ...stage })),
      counters: {},
      waiting_for: [],
      error: null,
      rate_per_s: 0,
      eta_ms: null,
      figures: { done: 0, total: 0, failed: 0, percent: 0 },
      deliveries: { staged: 0, done: 0, dead: 0, unsent: 0 },
      labels: options.labels ?? {},
    };
    const record = { run, events: [], tasks: new Map(), current: null, progressFrom: 1, sim: null };
    this.runs.set(run.id, record);
    this.event(record, "run.created", { by: run.created_by }, { at });
    return record;
  }

  /** Appends a fact. */
  event(record, kind, data, where = {}) {
    const { run } = record;
    run.run_seq += 1;
    this.feedSeq += 1;
    const event = {
      run: run.id,
      run_seq: run.run_seq,
      feed_seq: this.feedSeq,
      at: where.at ?? Date.now(),
      kind,
      stage: where.stage ?? null,
      key: where.key ?? null,
      attempt: where.attempt ?? null,
      data,
    };
    record.events.push(event);
    this.dirty.add(run.id);
    for (const listener of this.listeners) listener({ type: "event", event });
    return event;
  }

  setTask(record, stage, key, change) {
    const id = `${stage}\u0000${key}`;
    const before = record.tasks.get(id) ?? {
      stage,
      key,
      state: "ready",
      attempt: 0,
      max_attempts: 3,
      created_at: Date.now(),
      due_at: null,
      started_at: null,
      ended_at: null,
      worker: null,
      data: { file: key },
      output: null,
      error: null,
      attempts: [],
    };
    const after = { ...before, ...change };
    record.tasks.set(id, after);
    return after;
  }

  figures(record) {
    const { run } = record;
    const counted = run.stages.filter((stage) => stage.activity);
    const sum = (key) => counted.reduce((total, stage) => total + stage[key], 0);
    const done = sum("done") + sum("skipped");
    const failed = sum("failed");
    const total = Math.max(sum("total"), done + failed);
    const over = isTerminal(run.state);
    const percent =
      over && run.state.startsWith("completed")
        ? 100
        : total === 0
          ? 0
          : Math.min(99.9, ((done + failed) / total) * 100);
    run.figures = { done, total, failed, percent: Math.max(run.figures.percent, percent) };
    const left = total - done - failed;
    run.eta_ms =
      run.state === "running" && run.rate_per_s > 0 ? Math.round((left / run.rate_per_s) * 1000) : null;
  }

  makeLimits() {
    const now = Date.now();
    const add = (name, limit, reason, extra = {}) =>
      this.limits.set(name, {
        class: name,
        limit,
        in_use: Math.max(0, limit - 1),
        pinned: false,
        reason,
        changed_at: now - 41_000,
        throughput_per_s: limit * 3.1,
        p50_ms: 120,
        history: [],
        ...extra,
      });
    add("cpu", 2, "2 effective CPUs; CPU pressure 6 %", {
      p50_ms: 84,
      history: [
        { at: now - 900_000, from: 2, to: 1, reason: "CPU pressure 41 % over 10 s" },
        { at: now - 41_000, from: 1, to: 2, reason: "pressure fell below 10 %" },
      ],
    });
    add("io", 24, "throughput still grew at 24 (+6 %)", {
      p50_ms: 31,
      history: Array.from({ length: 14 }, (_, i) => ({
        at: now - 600_000 + i * 40_000,
        from: 8 + i + (i % 5 === 4 ? 3 : 0),
        to: 9 + i,
        reason: i % 5 === 4 ? "p50 rose from 31 to 58 ms: back off" : "throughput grew by 5 %",
      })),
    });
    add("bucket:api.example.com", 12, "429 answer: paused 2 s, then 12", {
      p50_ms: 240,
      throughput_per_s: 9.4,
      history: [
        { at: now - 120_000, from: 16, to: 8, reason: "429 Too Many Requests, Retry-After 2 s" },
        { at: now - 60_000, from: 8, to: 12, reason: "no 429 for 60 s" },
      ],
    });
    add("bucket:upload.example.org", 4, "pinned by mira", {
      pinned: true,
      p50_ms: 900,
      throughput_per_s: 3.2,
    });
  }

  limitEvent(name, to, reason) {
    const limit = this.limits.get(name);
    if (!limit) return;
    const from = limit.limit;
    this.feedSeq += 1;
    Object.assign(limit, { limit: to, reason, changed_at: Date.now() });
    limit.history.push({ at: Date.now(), from, to, reason });
    const event = {
      run: null,
      run_seq: 0,
      feed_seq: this.feedSeq,
      at: Date.now(),
      kind: "limit.changed",
      stage: null,
      key: null,
      attempt: null,
      data: { class: name, from, to, reason },
    };
    for (const listener of this.listeners) listener({ type: "event", event });
  }
}

export function isTerminal(state) {
  return (
    state === "completed" || state === "completed_with_errors" || state === "failed" || state === "cancelled"
  );
}
