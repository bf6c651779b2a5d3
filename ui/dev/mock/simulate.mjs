// What happens in the world: an ingest that runs, a report that runs, and a past.
import { startBacklog, tickBacklog } from "./backlog.mjs";
import { makeFiles } from "./ingest.mjs";
import { makeOutbox, relay } from "./outbox.mjs";
import { isTerminal } from "./world.mjs";

const TICK_MS = 100;

export function populate(world, speed) {
  past(world);
  startIngest(world, {
    title: "Generated, November",
    files: 1200,
    input: ingestInput(["/media/generated/2026-11"]),
  });
  const waiting = startIngest(world, {
    title: "Phone camera roll",
    files: 180,
    input: ingestInput(["/media/phone"]),
    created_at: Date.now() - 7_200_000,
  });
  fastForward(world, waiting);
  startReport(world, 400);
  makeOutbox(world);
  backlogs(world);
  const timer = setInterval(() => tick(world, speed), TICK_MS);
  return () => clearInterval(timer);
}

/** One that is written, one that waits for approval, one on its way out, one that ended with dead ones. */
function backlogs(world) {
  const params = (change) => ({
    vision: VISION,
    title: null,
    to: "press-azure",
    size: "small",
    author: "openai",
    review: true,
    quality_threshold: 75,
    max_regenerations: 5,
    budget_usd: 4,
    context: null,
    ...change,
  });
  const make = (title, change, hours) =>
    startBacklog(world, { title, params: params(change), created_at: Date.now() - hours * 3_600_000 });
  const until = (record, over) => {
    for (let i = 0; i < 200 && !over(record.run); i++) {
      if (record.run.state === "running") tickBacklog(world, record, 20);
      relay(world, 20);
    }
    world.figures(record);
  };
  const ended = make("Press portal, first cut", { size: "medium", review: false, to: "press-azure" }, 26);
  until(ended, (run) => run.state === "completed_with_errors");
  const exported = make(
    "Paper stock",
    { author: "outline", to: "export", review: false, budget_usd: null },
    50,
  );
  until(exported, (run) => run.ended_at !== null);
  const waiting = make("Customer portal", {}, 2);
  until(waiting, (run) => run.state === "waiting");
  const sending = make("Shift planning", { review: false, to: "issues" }, 1);
  until(sending, (run) => run.deliveries.staged > 0);
  make("Proofing online", { size: "large" }, 0);
}

const VISION = `# Press portal

Customers of a printing house see the state of their orders and approve proofs without a phone call.

## Users
- customer
- printer

## Goals
- approve a proof in a minute
- plan the presses a week ahead
`;

export function ingestInput(directories) {
  return {
    directories,
    patterns: ["*.png", "*.jpg", "*.jpeg", "*.webp", "*.gif", "*.mp4", "*.mov", "*.webm", "*.mkv"],
    recursive: true,
    max_files: null,
    skip_existing: true,
    extract_metadata: true,
    extract_keywords: true,
    import_scores: true,
    detect_nsfw: true,
    nsfw_threshold: 0.5,
    auto_commit: false,
  };
}

export function startIngest(world, { title, files, input, created_at }) {
  const record = world.createRun("ingest", { title, input, created_at });
  record.files = makeFiles(files);
  record.run.counters = {
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
  record.sim = {
    kind: "ingest",
    at: { discover: 0, read: 0, enrich: 0, classify: 0, preview: 0, commit: 0 },
  };
  begin(world, record);
  return record;
}

function startReport(world, pages) {
  const record = world.createRun("nightly-report", {
    title: "Nightly report, 22 November",
    created_by: "schedule:nightly",
    input: { date: "2026-11-22", pages },
    labels: { team: "press" },
  });
  record.sim = { kind: "report", pages, at: { plan: 0, fetch: 0, render: 0, publish: 0 } };
  begin(world, record);
  return record;
}

function begin(world, record) {
  record.run.state = "running";
  record.run.started_at = record.run.created_at + 12;
  world.event(record, "run.started", {}, { at: record.run.started_at });
  open(world, record, record.run.stages[0]);
}

function open(world, record, stage) {
  if (stage.state !== "pending") return;
  stage.state = "open";
  stage.opened_at = Date.now();
  world.event(record, "stage.opened", {}, { stage: stage.name });
}

function close(world, record, stage) {
  if (stage.state !== "open") return;
  stage.state = "closed";
  stage.closed_at = Date.now();
  stage.rate_per_s = 0;
  stage.in_flight = 0;
  stage.pending = 0;
  world.event(
    record,
    "stage.closed",
    { counts: { done: stage.done, failed: stage.failed, skipped: stage.skipped } },
    { stage: stage.name },
  );
}

export function tick(world, speed) {
  for (const record of world.runs.values()) {
    if (!record.sim || record.run.state !== "running") continue;
    if (record.sim.kind === "backlog") tickBacklog(world, record, world.random() < 0.4 * speed ? 1 : 0);
    else if (record.sim.kind === "ingest") tickIngest(world, record, speed);
    else tickReport(world, record, speed);
    world.figures(record);
    world.dirty.add(record.run.id);
  }
  relay(world, world.random() < 0.5 * speed ? 1 : 0);
  if (world.random() < 0.004 * speed) {
    const limit = world.limits.get("io");
    if (!limit.pinned) {
      const up = world.random() < 0.7;
      world.limitEvent(
        "io",
        Math.max(4, limit.limit + (up ? 1 : -4)),
        up ? "throughput grew by 4 %" : "p50 rose from 31 to 62 ms: back off",
      );
    }
  }
}

/** Runs an ingest to the moment where it waits for a person. */
function fastForward(world, record) {
  for (let i = 0; i < 20_000 && record.run.state === "running"; i++) tickIngest(world, record, 20);
  world.figures(record);
}

function tickIngest(world, record, speed) {
  const { run, files, sim } = record;
  const stage = (name) => run.stages.find((candidate) => candidate.name === name);
  const share = (perSecond) => {
    const exact = (perSecond * speed * TICK_MS) / 1000;
    return Math.floor(exact) + (world.random() < exact % 1 ? 1 : 0);
  };
  const [discover, read] = [stage("discover"), stage("read")];
  if (discover.state === "open") {
    const found = Math.min(files.length, sim.at.discover + share(160));
    if (found > sim.at.discover)
      world.event(record, "items.emitted", { count: found - sim.at.discover }, { stage: "discover" });
    sim.at.discover = found;
    run.counters.discovered = found;
    Object.assign(discover, { total: 1, in_flight: 1, pending: 1, rate_per_s: 0.1 });
    open(world, record, read);
    if (found === files.length) {
      Object.assign(discover, { done: 1 });
      close(world, record, discover);
    }
  }
  if (stage("commit").state === "open") return tickCommit(world, record, share(40));
  step(world, record, "read", sim.at.discover, share(14), discover.state === "closed");
  for (const name of ["enrich", "classify"]) {
    if (sim.at.read > 0) open(world, record, stage(name));
    step(world, record, name, sim.at.read, share(name === "classify" ? 12 : 15), read.state === "closed");
  }
  const both = Math.min(sim.at.enrich, sim.at.classify);
  if (both > 0) open(world, record, stage("preview"));
  step(
    world,
    record,
    "preview",
    both,
    share(20),
    stage("classify").state === "closed" && stage("enrich").state === "closed",
  );
  run.rate_per_s = run.stages.reduce((sum, each) => sum + each.rate_per_s, 0);
  if (stage("preview").state === "closed") {
    const approve = stage("approve");
    open(world, record, approve);
    approve.total = 1;
    approve.waiting = 1;
    run.state = "waiting";
    run.rate_per_s = 0;
    record.current = null;
    run.waiting_for = [{ stage: "approve", signal: "commit", since: Date.now() }];
    world.event(record, "run.waiting", { stage: "approve", signal: "commit" });
  }
}

function step(world, record, name, available, count, upstreamClosed) {
  const { run, files, sim } = record;
  const stage = run.stages.find((candidate) => candidate.name === name);
  if (stage.state !== "open") return;
  stage.total = available;
  const until = Math.min(available, sim.at[name] + count);
  for (let i = sim.at[name]; i < until; i++) finish(world, record, stage, files[i]);
  stage.rate_per_s = stage.rate_per_s * 0.9 + (until - sim.at[name]) * 0.1 * (1000 / TICK_MS);
  sim.at[name] = until;
  stage.pending = available - until;
  stage.in_flight = Math.min(stage.pending, stage.limit ?? 1);
  if (until < files.length && name === "read") record.current = files[until].name;
  if (upstreamClosed && until === available) close(world, record, stage);
}

function finish(world, record, stage, file) {
  const { run } = record;
  const now = Date.now();
  const took = 20 + Math.floor(world.random() * 260);
  const attempt = world.random() < 0.01 ? 2 : 1;
  const base = { started_at: now - took, ended_at: now, attempt, worker: `headway-${1 + (took % 2)}` };
  const problem = file.problems.find((each) => each.stage === stage.name);
  const earlier =
    file.state === "failed" &&
    file.problems[0]?.stage !== stage.name &&
    stage.name !== "enrich" &&
    stage.name !== "read";
  if (file.state === "skipped" || earlier) {
    stage.skipped += 1;
    if (stage.name === "read") run.counters.skipped += 1;
    world.setTask(record, stage.name, file.key, { ...base, state: "skipped" });
    return;
  }
  if (problem) {
    problem.at = now;
    stage.failed += 1;
    run.counters.errors += 1;
    run.counters.failed += 1;
    const error = { code: problem.code, message: problem.message, help: null, retryable: false };
    world.setTask(record, stage.name, file.key, {
      ...base,
      state: "failed",
      error,
      attempts: [{ attempt: 1, started_at: now - took, ended_at: now, outcome: "failed", error }],
    });
    world.event(record, "task.failed", { error, ms: took }, { stage: stage.name, key: file.key, attempt: 1 });
    world.event(
      record,
      "app.error",
      { file: file.name, stage: stage.name, code: problem.code, message: problem.message },
      { stage: stage.name, key: file.key },
    );
    return;
  }
  stage.done += 1;
  if (stage.name === "read") run.counters.metadata += 1;
  if (stage.name === "enrich") run.counters.keywords += 3;
  if (stage.name === "enrich" && file.score !== 0) run.counters.scores += 1;
  if (stage.name === "classify" && file.nsfw.state === "nsfw") run.counters.nsfw += 1;
  if (stage.name === "preview") {
    run.counters.processed += 1;
    if (run.counters.processed % 10 === 0)
      world.event(record, "app.milestone", { processed: run.counters.processed });
  }
  const attempts = [];
  if (attempt === 2) {
    stage.retries += 1;
    const error = {
      code: "io.timeout",
      message: "Reading took longer than 30 s.",
      help: null,
      retryable: true,
    };
    attempts.push({
      attempt: 1,
      started_at: now - took - 900,
      ended_at: now - took - 600,
      outcome: "failed",
      error,
    });
    world.event(
      record,
      "task.retrying",
      { error, due_at: now },
      { stage: stage.name, key: file.key, attempt: 1 },
    );
  }
  attempts.push({ attempt, started_at: now - took, ended_at: now, outcome: "done", error: null });
  world.setTask(record, stage.name, file.key, {
    ...base,
    state: "done",
    output: { bytes: file.size },
    attempts,
  });
  world.event(record, "task.done", { ms: took }, { stage: stage.name, key: file.key, attempt });
  if (world.random() < 0.03)
    world.event(
      record,
      "log",
      { level: "info", message: `${stage.name}: ${file.name} took ${took} ms` },
      { stage: stage.name, key: file.key },
    );
}

export function approve(world, record) {
  const { run } = record;
  const stage = run.stages.find((candidate) => candidate.name === "approve");
  if (run.state !== "waiting") return;
  world.event(record, "signal.received", { name: "commit", by: "mira", payload: null });
  Object.assign(stage, { done: 1, waiting: 0 });
  close(world, record, stage);
  run.state = "running";
  run.waiting_for = [];
  const commit = run.stages.find((candidate) => candidate.name === "commit");
  commit.total = record.files.filter((file) => file.state === "processed" && !file.excluded).length;
  record.sim.commitQueue = record.files.filter((file) => file.state === "processed" && !file.excluded);
  open(world, record, commit);
}

function tickCommit(world, record, count) {
  const { run, sim } = record;
  const stage = run.stages.find((candidate) => candidate.name === "commit");
  const until = Math.min(sim.commitQueue.length, sim.at.commit + count);
  for (let i = sim.at.commit; i < until; i++) {
    const file = sim.commitQueue[i];
    file.state = "committed";
    stage.done += 1;
    record.current = file.name;
    world.setTask(record, "commit", file.key, {
      state: "done",
      attempt: 1,
      started_at: Date.now() - 8,
      ended_at: Date.now(),
    });
    world.event(record, "task.done", { ms: 8 }, { stage: "commit", key: file.key, attempt: 1 });
    world.library?.push({ ...file, id: `m${file.sha256.slice(0, 12)}`, added_at: Date.now(), run: run.id });
  }
  stage.rate_per_s = stage.rate_per_s * 0.8 + (until - sim.at.commit) * 2;
  run.rate_per_s = stage.rate_per_s;
  sim.at.commit = until;
  stage.pending = sim.commitQueue.length - until;
  stage.in_flight = Math.min(8, stage.pending);
  if (stage.pending === 0) {
    close(world, record, stage);
    end(world, record, run.counters.failed > 0 ? "completed_with_errors" : "completed");
  }
}

export function end(world, record, state, data = {}) {
  const { run } = record;
  run.state = state;
  run.ended_at = Date.now();
  run.rate_per_s = 0;
  run.eta_ms = null;
  run.waiting_for = [];
  record.current = null;
  world.figures(record);
  const kind = state === "failed" ? "run.failed" : state === "cancelled" ? "run.cancelled" : "run.completed";
  world.event(record, kind, { state, ...data });
  for (const listener of world.listeners) listener({ type: "end", run: run.id, state });
}

function tickReport(world, record, speed) {
  const { run, sim } = record;
  const names = ["plan", "fetch", "render", "publish"];
  const rates = { plan: 40, fetch: 6, render: 3, publish: 9 };
  names.forEach((name, index) => {
    const stage = run.stages[index];
    const before = index === 0 ? sim.pages : sim.at[names[index - 1]];
    if (before > 0) open(world, record, stage);
    if (stage.state !== "open") return;
    stage.total = Math.max(stage.total, before);
    const exact = (rates[name] * speed * TICK_MS) / 1000;
    const count = Math.floor(exact) + (world.random() < exact % 1 ? 1 : 0);
    const until = Math.min(before, sim.at[name] + count);
    for (let i = sim.at[name]; i < until; i++) {
      const key = `page-${String(i + 1).padStart(4, "0")}`;
      const now = Date.now();
      const failed = name === "fetch" && i % 97 === 31;
      if (failed) {
        const error = {
          code: "http.503",
          message: "https://api.example.com/pages answered 503 three times.",
          help: null,
          retryable: true,
        };
        stage.failed += 1;
        world.setTask(record, name, key, {
          state: "failed",
          error,
          attempt: 3,
          started_at: now - 4000,
          ended_at: now,
        });
        world.event(record, "task.failed", { error, ms: 4000 }, { stage: name, key, attempt: 3 });
      } else {
        stage.done += 1;
        world.setTask(record, name, key, { state: "done", attempt: 1, started_at: now - 300, ended_at: now });
        world.event(record, "task.done", { ms: 300 }, { stage: name, key, attempt: 1 });
      }
    }
    stage.rate_per_s = stage.rate_per_s * 0.92 + (until - sim.at[name]) * 0.8;
    sim.at[name] = until;
    stage.pending = before - until;
    stage.in_flight = Math.min(stage.pending, stage.limit ?? 1);
    const upstreamClosed = index === 0 || run.stages[index - 1].state === "closed";
    if (upstreamClosed && until === before) close(world, record, stage);
  });
  record.current = `page-${String(sim.at.render + 1).padStart(4, "0")}`;
  run.rate_per_s = run.stages.reduce((sum, stage) => sum + stage.rate_per_s, 0);
  if (run.stages.every((stage) => stage.state === "closed")) end(world, record, "completed_with_errors");
}

function past(world) {
  const now = Date.now();
  const states = [
    "completed",
    "completed",
    "completed",
    "completed_with_errors",
    "completed",
    "failed",
    "completed",
    "cancelled",
    "completed",
  ];
  for (let i = 240; i > 0; i--) {
    const state = states[i % states.length];
    const ingest = i % 3 === 0;
    const created_at = now - i * 3_400_000 - 86_000;
    const record = world.createRun(ingest ? "ingest" : "nightly-report", {
      title: ingest
        ? `Generated, batch ${241 - i}`
        : `Nightly report ${new Date(created_at).toISOString().slice(0, 10)} #${241 - i}`,
      created_at,
      created_by: ingest ? "mira" : "schedule:nightly",
      input: ingest ? ingestInput(["/media/generated"]) : { pages: 40 },
    });
    settle(world, record, state, created_at + 240_000 + (i % 17) * 31_000);
  }
  const paused = world.createRun("nightly-report", {
    title: "Backfill of October",
    created_at: now - 5_400_000,
    input: { pages: 900 },
  });
  paused.run.state = "paused";
  paused.run.started_at = now - 5_399_000;
  Object.assign(paused.run.stages[0], {
    state: "closed",
    total: 900,
    done: 900,
    opened_at: now - 5_399_000,
    closed_at: now - 5_300_000,
  });
  Object.assign(paused.run.stages[1], {
    state: "open",
    total: 900,
    done: 411,
    failed: 3,
    pending: 486,
    opened_at: now - 5_398_000,
  });
  world.figures(paused);
  world.event(paused, "run.paused", { by: "mira" }, { at: now - 3_000_000 });
  world.createRun("nightly-report", { title: "Proof sheets", created_at: now - 9_000, input: { pages: 12 } });
  const hostile = world.createRun("nightly-report", {
    title: "<script>alert(1)</script> ‮txt.exe",
    created_at: now - 8_000_000,
    input: { pages: 3 },
  });
  settle(world, hostile, "failed", now - 7_900_000);
  world.bigLog = hostile.run.id;
}

function settle(world, record, state, ended_at) {
  const { run } = record;
  const total = 40;
  run.started_at = run.created_at + 15;
  world.event(record, "run.started", {}, { at: run.started_at });
  const failedAt = state === "failed" || state === "cancelled" ? 2 : run.stages.length;
  const span = (ended_at - run.started_at) / run.stages.length;
  const error = {
    code: "job.exit",
    message: "render exited with status 137 (killed: out of memory).",
    help: "Give the stage more memory, or lower its concurrency.",
    retryable: true,
  };
  run.stages.forEach((stage, index) => {
    if (index > failedAt) {
      stage.state = "skipped";
      return;
    }
    const bad =
      (state === "failed" && index === failedAt) || (state === "completed_with_errors" && index === 1);
    stage.opened_at = Math.round(run.started_at + span * index * 0.6);
    stage.closed_at = Math.round(Math.min(ended_at, stage.opened_at + span * 1.5));
    Object.assign(stage, { state: "closed", total, done: bad ? total - 4 : total, failed: bad ? 4 : 0 });
    if (stage.signal) Object.assign(stage, { total: 1, done: 1 });
    for (let i = 0; i < stage.total; i++) {
      const key = `page-${String(i + 1).padStart(4, "0")}`;
      const started_at = Math.round(
        stage.opened_at + ((stage.closed_at - stage.opened_at) * i) / (stage.total + 2),
      );
      const task_end = Math.round(started_at + (stage.closed_at - stage.opened_at) / 12);
      const failed = bad && i % 10 === 3;
      world.setTask(record, stage.name, key, {
        state: failed ? "failed" : "done",
        attempt: 1,
        created_at: stage.opened_at,
        started_at,
        ended_at: task_end,
        worker: "headway-1",
        error: failed ? error : null,
        attempts: [
          {
            attempt: 1,
            started_at,
            ended_at: task_end,
            outcome: failed ? "failed" : "done",
            error: failed ? error : null,
          },
        ],
      });
      if (failed)
        world.event(
          record,
          "task.failed",
          { error, ms: task_end - started_at },
          { stage: stage.name, key, attempt: 1, at: task_end },
        );
    }
  });
  if (state === "failed")
    run.error = { ...error, message: `Stage ${run.stages[failedAt].title} failed: ${error.message}` };
  run.state = state;
  run.ended_at = ended_at;
  world.figures(record);
  world.event(
    record,
    isTerminal(state) && state === "failed"
      ? "run.failed"
      : state === "cancelled"
        ? "run.cancelled"
        : "run.completed",
    state === "failed" ? { error: run.error } : { state },
    { at: ended_at },
  );
}
