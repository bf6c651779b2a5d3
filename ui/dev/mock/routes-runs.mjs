// Routes of runs, limits, nodes, session.
import { json, Problem, page } from "./http.mjs";
import { approve, end, startIngest, tick } from "./simulate.mjs";
import { progress } from "./streams.mjs";
import { isTerminal, PIPELINES } from "./world.mjs";

const STARTED = Date.now() - 86_400_000 * 3;

export function runRoutes({ world, streams, options }) {
  const record = (id) => {
    const found = world.runs.get(id);
    if (!found) throw new Problem(404, "run_not_found", `No run has the id ${id}.`);
    return found;
  };
  const verb = (change) => (context) => {
    const found = record(context.params.id);
    change(found, context);
    json(context.response, found.run);
  };
  const demand = (found, states, what) => {
    if (!states.includes(found.run.state))
      throw new Problem(409, "illegal_state", `A run that is ${found.run.state} cannot be ${what}.`);
  };
  return {
    "GET /session": ({ response }) => {
      if (options.auth && !options.signedIn) throw new Problem(401, "unauthenticated", "Sign in first.");
      json(response, session(world, options));
    },
    "POST /session": ({ response, body }) => {
      if (body.code !== undefined ? body.code !== "000000" : body.password !== "correct horse") {
        throw new Problem(
          401,
          "bad_credentials",
          body.code !== undefined
            ? "The code is wrong or was used before."
            : "The user or the password is wrong.",
        );
      }
      options.signedIn = true;
      json(response, { user: { name: "mira", role: "admin" } });
    },
    "DELETE /session": ({ response }) => {
      options.signedIn = false;
      response.writeHead(204).end();
    },
    "GET /pipelines": ({ response }) =>
      json(response, {
        items: Object.values(PIPELINES).map(({ stages, ...rest }) => ({
          ...rest,
          stages,
          input_schema: { type: "object" },
        })),
        next_cursor: null,
      }),
    "GET /runs": ({ response, query }) => {
      const states = query
        .getAll("state")
        .flatMap((text) => text.split(","))
        .filter(Boolean);
      const q = (query.get("q") ?? "").toLowerCase();
      const items = [...world.runs.values()]
        .map(({ run }) => ({ ...run, input: undefined }))
        .filter((run) => !states.length || states.includes(run.state))
        .filter((run) => !query.get("app") || run.app === query.get("app"))
        .filter((run) => !query.get("pipeline") || run.pipeline.name === query.get("pipeline"))
        .filter((run) => !q || run.title.toLowerCase().includes(q) || run.id.startsWith(q))
        .sort((a, b) => b.created_at - a.created_at);
      json(response, page(items, query));
    },
    "POST /runs": ({ response, body }) => {
      const made = world.createRun(body.pipeline ?? "nightly-report", {
        title: body.title ?? "Untitled",
        input: body.input,
      });
      json(response, made.run, 201, { location: `/api/v1/runs/${made.run.id}` });
    },
    "GET /runs/:id": ({ response, params }) => json(response, record(params.id).run),
    "POST /runs/:id/pause": verb((found) => {
      demand(found, ["running", "waiting", "queued"], "paused");
      found.run.state = "paused";
      world.event(found, "run.paused", { by: "mira" });
    }),
    "POST /runs/:id/resume": verb((found) => {
      demand(found, ["paused"], "resumed");
      found.run.state = "running";
      world.event(found, "run.resumed", { by: "mira" });
    }),
    "POST /runs/:id/cancel": verb((found, { body }) => {
      if (isTerminal(found.run.state))
        throw new Problem(409, "illegal_state", `The run is already ${found.run.state}.`);
      end(world, found, "cancelled", { by: "mira", reason: body.reason ?? null });
    }),
    "POST /runs/:id/retry": verb((found) => {
      const failed = found.run.stages.reduce((sum, stage) => sum + stage.failed, 0);
      if (failed === 0) throw new Problem(409, "nothing_to_retry", "No task of this run has failed.");
      for (const stage of found.run.stages)
        Object.assign(stage, {
          done: stage.done + stage.failed,
          failed: 0,
          retries: stage.retries + stage.failed,
        });
      for (const [id, task] of found.tasks)
        if (task.state === "failed")
          found.tasks.set(id, { ...task, state: "done", error: null, attempt: task.attempt + 1 });
      world.event(found, "run.retried", { by: "mira", stages: [], tasks: failed });
      if (found.run.state === "completed_with_errors" || found.run.state === "failed")
        end(world, found, "completed");
    }),
    "POST /runs/:id/retry-from": verb((found, { body }) => {
      const from = found.run.stages.findIndex((stage) => stage.name === body.stage);
      if (from < 0) throw new Problem(422, "invalid", `The run has no stage ${body.stage}.`);
      if (!isTerminal(found.run.state))
        throw new Problem(
          409,
          "illegal_state",
          `A run that is ${found.run.state} cannot go again from a stage.`,
        );
      for (const stage of found.run.stages.slice(from))
        Object.assign(stage, {
          state: "open",
          done: 0,
          failed: 0,
          skipped: 0,
          pending: stage.total,
          closed_at: null,
        });
      Object.assign(found.run, { state: "running", ended_at: null, error: null });
      world.event(found, "run.retried", { by: "mira", stages: [body.stage], tasks: 0 });
    }),
    "POST /runs/:id/rerun": ({ response, params }) => {
      const { run } = record(params.id);
      const made =
        run.app === "ingest"
          ? startIngest(world, { title: run.title, files: 300, input: run.input })
          : world.createRun(run.pipeline.name, { title: run.title, input: run.input });
      json(response, made.run, 201);
    },
    "POST /runs/:id/signals/:name": ({ response, params }) => {
      approve(world, record(params.id));
      json(response, {}, 202);
    },
    "GET /runs/:id/tasks": ({ response, params, query }) => {
      const q = (query.get("q") ?? "").toLowerCase();
      const states = (query.get("state") ?? "").split(",").filter(Boolean);
      const stage = query.get("stage");
      const items = [...record(params.id).tasks.values()]
        .filter((task) => !stage || task.stage === stage)
        .filter((task) => !states.length || states.includes(task.state))
        .filter((task) => !q || task.key.toLowerCase().includes(q))
        .map(({ attempts: _, ...task }) => task);
      json(response, page(items, query, 200));
    },
    "GET /runs/:id/tasks/:stage/:key": ({ response, params }) => {
      const task = record(params.id).tasks.get(`${params.stage}\u0000${params.key}`);
      if (!task) throw new Problem(404, "task_not_found", `Stage ${params.stage} has no item ${params.key}.`);
      json(response, task);
    },
    "GET /runs/:id/events": ({ response, params, query }) =>
      json(response, eventsPage(world, record(params.id), query)),
    "GET /runs/:id/timeline": ({ response, params }) => json(response, timeline(record(params.id))),
    "GET /runs/:id/errors": ({ response, params }) => json(response, errorGroups(record(params.id))),
    "GET /runs/:id/progress": async ({ response, params, query, request }) => {
      const found = record(params.id);
      const wait = Math.min(25, Number(query.get("wait") ?? 0)) * 1000;
      const after = Number(query.get("after") ?? 0);
      const until = Date.now() + wait;
      while (found.run.run_seq <= after && Date.now() < until && !request.destroyed)
        await new Promise((done) => setTimeout(done, 100));
      const etag = `"${world.epoch}-${found.run.run_seq}-${found.run.state}"`;
      if (request.headers["if-none-match"] === etag) {
        response.writeHead(304, { etag, "poll-interval": "1" }).end();
        return;
      }
      json(response, progress(found, after + 1), 200, {
        etag,
        "poll-interval": "1",
        "cache-control": "private, no-cache",
      });
    },
    "GET /runs/:id/stream": ({ request, response, params, query }) => {
      record(params.id);
      streams.open(request, response, {
        runs: [params.id],
        channels: [],
        cursor: query.get("cursor") ?? request.headers["last-event-id"],
        single: true,
      });
    },
    "GET /stream": ({ request, response, query }) => {
      const list = (key) => (query.get(key) ?? "").split(",").filter(Boolean);
      if (options.auth && !options.signedIn) throw new Problem(401, "unauthenticated", "Sign in first.");
      if (!options.sse) throw new Problem(503, "streams_disabled", "Streams are switched off here.");
      streams.open(request, response, {
        runs: list("runs"),
        channels: list("channels"),
        cursor: request.headers["last-event-id"] ?? query.get("cursor"),
        single: false,
      });
    },
    "GET /limits": ({ response }) => json(response, { items: [...world.limits.values()], next_cursor: null }),
    "PUT /limits/:class": ({ response, params, body }) => {
      const limit = world.limits.get(params.class);
      if (!limit) throw new Problem(404, "limit_not_found", `No limit is named ${params.class}.`);
      if (body.pinned !== null && !(body.pinned >= 1 && body.pinned <= 1024))
        throw new Problem(422, "invalid", "A limit lies between 1 and 1,024.", [
          { path: "/pinned", message: "Between 1 and 1,024." },
        ]);
      limit.pinned = body.pinned !== null;
      world.limitEvent(
        params.class,
        body.pinned ?? limit.limit,
        body.pinned === null ? "unpinned by mira; follows the machine again" : "pinned by mira",
      );
      json(response, limit);
    },
    "GET /nodes": ({ response }) =>
      json(response, {
        store: { kind: "postgres", place: "db.press.example:5432/headway" },
        engine: "native",
        items: [
          {
            id: "n1",
            name: "headway-1",
            pid: 4182,
            host: "press-01",
            started_at: STARTED,
            heartbeat_at: Date.now() - 400,
            lease_until: Date.now() + 19600,
            state: "live",
            held: 6,
            here: true,
            version: "0.1.0",
          },
          {
            id: "n2",
            name: "headway-2",
            pid: 4417,
            host: "press-02",
            started_at: STARTED + 40_000,
            heartbeat_at: Date.now() - 900,
            lease_until: Date.now() + 19100,
            state: "draining",
            held: 1,
            here: false,
            version: "0.1.0",
          },
          {
            id: "n3",
            name: "render-worker",
            pid: 991,
            host: "gpu-01",
            started_at: STARTED + 99_000,
            heartbeat_at: Date.now() - 96_000,
            lease_until: Date.now() - 76_000,
            state: "lost",
            held: 2,
            here: false,
            version: "0.0.9",
          },
          {
            id: "n4",
            name: "headway-0",
            pid: 4398,
            host: "press-01",
            started_at: STARTED - 90_000,
            heartbeat_at: STARTED - 20_000,
            lease_until: STARTED,
            state: "ended",
            held: 0,
            here: false,
            version: "0.0.9",
          },
        ],
      }),
    "GET /hardware": ({ response }) =>
      json(response, {
        cpus_effective: 1.5,
        cpus_online: 2,
        memory_limit_bytes: 4 * 1024 ** 3,
        memory_used_bytes: 1.37 * 1024 ** 3,
        pressure: { cpu: 6.2, io: 1.4, memory: 0 },
        source: "cgroup v2",
        load: 1.31,
      }),
    "POST /__mock/faults": ({ response, body }) => {
      Object.assign(options.faults, body);
      json(response, options.faults);
    },
    "POST /__mock/cut": ({ response }) => {
      streams.cut();
      json(response, {});
    },
    "POST /__mock/epoch": ({ response }) => {
      world.epoch = `e${Math.floor(Math.random() * 1e6)}`;
      streams.cut();
      json(response, { epoch: world.epoch });
    },
    "POST /__mock/tick": ({ response, body }) => {
      for (let i = 0; i < (body.times ?? 1); i++) tick(world, body.speed ?? 1);
      json(response, {});
    },
  };
}

function session(world, options) {
  return {
    user: { name: "mira", role: "admin" },
    permissions: ["*"],
    dev: !options.auth,
    version: "0.1.0",
    epoch: world.epoch,
    features: { ingest: true, backlog: true, outbox: true, sse: options.sse },
    apps: ["ingest", "backlog"],
  };
}

const BIG_LOG_LINES = 100_000;

function eventsPage(world, found, query) {
  const after = Number(query.get("after") ?? 0);
  const kinds = query
    .getAll("kind")
    .flatMap((text) => text.split(","))
    .filter(Boolean);
  const limit = Math.min(5000, Number(query.get("limit") ?? 500));
  const wanted = (event) =>
    !kinds.length ||
    kinds.some(
      (kind) => event.kind === kind || (kind.endsWith("*") && event.kind.startsWith(kind.slice(0, -1))),
    );
  const events = found.run.id === world.bigLog ? bigLog(found) : found.events;
  const all = events.filter((event) => wanted(event) && event.run_seq > after);
  if (query.get("order") === "desc") all.reverse();
  return page(all, new URLSearchParams({ limit: String(limit), cursor: query.get("cursor") ?? "0" }));
}

function bigLog(found) {
  if (found.bigLog) return found.bigLog;
  const levels = ["info", "info", "info", "debug", "warn", "error"];
  const last = found.events.at(-1);
  const lines = Array.from({ length: BIG_LOG_LINES }, (_, index) => ({
    run: found.run.id,
    run_seq: index + 2,
    feed_seq: index,
    at: found.run.created_at + index,
    kind: "log",
    stage: ["plan", "fetch", "render", "publish"][index % 4],
    key: `page-${String((index % 40) + 1).padStart(4, "0")}`,
    attempt: 1,
    data: {
      level: levels[index % levels.length],
      message:
        index % 997 === 0
          ? `line ${index} \u001b[31m<b>not bold</b>\u001b[0m ‮reversed`
          : `line ${index}: wrote ${index * 37} bytes to part ${index % 40}`,
    },
  }));
  found.bigLog = [found.events[0], ...lines, { ...last, run_seq: BIG_LOG_LINES + 2 }];
  return found.bigLog;
}

function timeline(found) {
  const attempts = [];
  for (const task of found.tasks.values()) {
    for (const attempt of task.attempts ?? [])
      attempts.push({ stage: task.stage, key: task.key, ...attempt, error: undefined });
  }
  const rank = (attempt) => (attempt.outcome === "failed" || attempt.outcome === "lost" ? 0 : 1);
  attempts.sort((a, b) => rank(a) - rank(b) || b.ended_at - b.started_at - (a.ended_at - a.started_at));
  return {
    stages: found.run.stages.map(({ name, opened_at, closed_at }) => ({ name, opened_at, closed_at })),
    attempts: attempts.slice(0, 2000),
    truncated: attempts.length > 2000,
  };
}

function errorGroups(found) {
  const groups = new Map();
  for (const event of found.events) {
    if (event.kind !== "task.failed") continue;
    const { code, message, help } = event.data.error;
    const id = `${event.stage} ${code}`;
    const group = groups.get(id) ?? {
      code,
      stage: event.stage,
      count: 0,
      first_at: event.at,
      last_at: event.at,
      example: { key: event.key, message },
      help: help ?? HELP[code] ?? null,
    };
    groups.set(id, { ...group, count: group.count + 1, last_at: event.at });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

const HELP = {
  "image.truncated": "Copy the file again from where it came from, then retry it.",
  "image.too_large": "Raise ingest.max_megapixels if you trust the file.",
  "http.503": "The service was down. Retry the failed items once it answers again.",
};
