// The outbox of the mock: destinations, deliveries, and a relay that sends them.

const REASONS = {
  field: {
    code: "azure_devops.RuleValidationException",
    message:
      "TF401320: Rule Error for field Story Points. Error code: InvalidNotEmpty. The field 'Story Points' cannot hold '13.5'.",
    help: "Edit the item's story points, then replay it.",
    retryable: false,
  },
  area: {
    code: "azure_devops.ClassificationNodeNotFound",
    message: "TF401347: Invalid tree name given for work item, field 'System.AreaPath': 'Press\\Web'.",
    help: "Create the area path, or take it out of the destination's settings, then replay.",
    retryable: false,
  },
  throttled: {
    code: "http.429",
    message: "The service asks for a pause of 12 s.",
    help: null,
    retryable: true,
  },
  silent: {
    code: "connection.lost",
    message: "The connection ended after the request was sent, before an answer came.",
    help: null,
    retryable: true,
  },
};

const CALM = { state: "closed", failures: 0, reason: null, until: null };

export function makeOutbox(world) {
  const now = Date.now();
  const base = (name, kind, settings, change = {}) => ({
    name,
    kind,
    settings,
    credential: null,
    guarantee: "exactly_once_effect",
    paused: null,
    breaker: CALM,
    limiter: { rate_per_s: null, in_flight: 0, parallel: 4, paused_until: null, remaining: null },
    counts: {},
    oldest_undelivered_at: null,
    delivered_per_s: 0,
    problem: null,
    ...change,
  });
  world.outbox = {
    nextId: 1,
    deliveries: new Map(),
    secrets: new Map(
      [
        ["press-azure", 40],
        ["press-github", 90],
        ["hooks", 12],
        ["old-token", 300],
      ].map(([name, days]) => [
        name,
        { name, created_at: now - days * 86_400_000, changed_at: now - (days / 2) * 86_400_000 },
      ]),
    ),
    destinations: new Map(
      [
        base(
          "press-azure",
          "azure_devops",
          { organization: "example-press", project: "Press", process: "agile", area_path: "Press\\Web" },
          {
            credential: "press-azure",
            limiter: { rate_per_s: 12, in_flight: 2, parallel: 4, paused_until: null, remaining: 160 },
          },
        ),
        base(
          "issues",
          "github",
          { owner: "example-press", repo: "backlog", labels: ["headway"] },
          {
            credential: "press-github",
            breaker: {
              state: "open",
              failures: 7,
              reason: "7 of the last 10 answers were 502 Bad Gateway",
              until: now + 45_000,
            },
            limiter: { rate_per_s: 1, in_flight: 0, parallel: 1, paused_until: now + 45_000, remaining: 3 },
          },
        ),
        base(
          "hooks",
          "webhook",
          { url: "https://hooks.example.org/headway" },
          {
            credential: "hooks",
            guarantee: "at_least_once",
            paused: {
              code: "unauthorized",
              reason: "The destination answered 401 Unauthorized: the signature was not accepted.",
              at: now - 5_400_000,
            },
          },
        ),
        base("export", "files", {
          directory: "/var/lib/headway/export",
          formats: ["csv", "json", "markdown"],
        }),
        base(
          "broken",
          "files",
          { directory: "export", formats: ["csv"] },
          {
            guarantee: null,
            problem: {
              code: "settings.directory",
              message: "directory: 'export' is not an absolute path",
              help: "Give the whole path, such as /srv/export.",
              retryable: false,
            },
          },
        ),
      ].map((each) => [each.name, each]),
    ),
  };
}

/** Stages one message; answers with the delivery. */
export function stage(world, record, { key, kind, level, title, destination, parent = null, payload = {} }) {
  const outbox = world.outbox;
  const before = [...outbox.deliveries.values()].find(
    (each) => each.run === record.run.id && each.destination === destination && each.key === key,
  );
  if (before) return before;
  const now = Date.now();
  const delivery = {
    id: String(outbox.nextId++),
    run: record.run.id,
    key,
    kind,
    level,
    title,
    destination,
    state: parent === null ? "pending" : "blocked",
    attempts: 0,
    sent: 0,
    parent,
    order_key: null,
    remote: null,
    error: null,
    blocked_by: null,
    staged_at: now,
    due_at: now,
    changed_at: now,
    payload,
  };
  outbox.deliveries.set(delivery.id, delivery);
  record.run.deliveries.staged += 1;
  record.run.deliveries.unsent += 1;
  return delivery;
}

export function ofRun(world, run) {
  return [...world.outbox.deliveries.values()].filter((each) => each.run === run);
}

/** What the wire shows: the payload only where one is asked for alone. */
export function shown(world, { payload: _, ...delivery }) {
  const parent =
    delivery.parent === null
      ? null
      : ofRun(world, delivery.run).find(
          (each) => each.key === delivery.parent && each.destination === delivery.destination,
        );
  const blocked = delivery.state === "blocked" && parent && parent.state !== "done";
  return {
    ...delivery,
    blocked_by: blocked ? { key: parent.key, title: parent.title, state: parent.state } : null,
  };
}

export function countStates(deliveries) {
  const counts = {};
  for (const { state } of deliveries) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Of every so many, one is refused for each reason; a replay then gets through. */
function fate(delivery) {
  if (delivery.replayed) return null;
  const n = Number(delivery.id);
  if (delivery.kind === "story" && n % 17 === 3) return "field";
  if (delivery.kind === "feature" && n % 11 === 5) return "area";
  if (n % 43 === 7 && delivery.sent === 0) return "throttled";
  if (n % 61 === 9 && delivery.sent === 0) return "silent";
  return null;
}

/** Sends up to `count` of what is due; `onDone` hears of every run whose deliveries are over. */
export function relay(world, count) {
  const outbox = world.outbox;
  const now = Date.now();
  let left = count;
  for (const delivery of outbox.deliveries.values()) {
    if (left <= 0) break;
    const destination = outbox.destinations.get(delivery.destination);
    if (!destination || destination.paused || destination.breaker.state === "open") continue;
    if (delivery.state === "blocked") {
      const parent = findParent(outbox, delivery);
      if (parent?.state !== "done") continue;
      delivery.state = "pending";
      delivery.changed_at = now;
    }
    if (!["pending", "retry", "unknown"].includes(delivery.state) || delivery.due_at > now) continue;
    const record = world.runs.get(delivery.run);
    if (record.run.state === "paused") continue;
    left -= 1;
    send(world, record, delivery, now);
  }
}

function findParent(outbox, delivery) {
  for (const each of outbox.deliveries.values())
    if (
      each.run === delivery.run &&
      each.destination === delivery.destination &&
      each.key === delivery.parent
    )
      return each;
  return undefined;
}

function send(world, record, delivery, now) {
  const reason = fate(delivery);
  delivery.sent += 1;
  delivery.changed_at = now;
  if (reason === null) {
    const id = String(4000 + Number(delivery.id));
    Object.assign(delivery, {
      state: "done",
      error: null,
      remote: {
        id,
        url:
          delivery.destination === "export"
            ? null
            : `https://dev.azure.com/example-press/Press/_workitems/edit/${id}`,
      },
    });
    record.run.deliveries.done += 1;
    record.run.deliveries.unsent -= 1;
    world.event(record, "delivery.done", {
      key: delivery.key,
      destination: delivery.destination,
      kind: delivery.kind,
      title: delivery.title,
      remote: delivery.remote,
      attempts: delivery.attempts,
    });
    return;
  }
  const error = REASONS[reason];
  delivery.error = error;
  if (reason === "throttled" || reason === "silent") {
    delivery.state = reason === "silent" ? "unknown" : "retry";
    delivery.due_at = now + 9_000;
    world.event(record, "delivery.retrying", {
      key: delivery.key,
      destination: delivery.destination,
      error,
      due_at: delivery.due_at,
      state: delivery.state,
    });
    return;
  }
  delivery.attempts += 3;
  delivery.state = "dead";
  record.run.deliveries.dead += 1;
  record.run.deliveries.unsent -= 1;
  world.event(record, "delivery.dead", {
    key: delivery.key,
    destination: delivery.destination,
    error,
    blocks: 0,
  });
}

/** Puts dead ones back; answers with what was or would be replayed. */
export function replay(world, wanted, { dryRun }) {
  if (dryRun) return wanted;
  const byRun = new Map();
  for (const delivery of wanted) {
    if (delivery.state === "dead") {
      const run = world.runs.get(delivery.run).run;
      run.deliveries.dead -= 1;
      run.deliveries.unsent += 1;
    }
    Object.assign(delivery, {
      state: "pending",
      attempts: 0,
      replayed: true,
      due_at: Date.now(),
      changed_at: Date.now(),
    });
    byRun.set(delivery.run, (byRun.get(delivery.run) ?? 0) + 1);
  }
  for (const [run, count] of byRun) {
    const record = world.runs.get(run);
    if (record.run.state === "completed_with_errors")
      Object.assign(record.run, { state: "running", ended_at: null });
    world.event(record, "delivery.replayed", { by: "mira", count });
  }
  return wanted;
}

/** A delivery and everything below it. */
export function subtree(world, root) {
  const all = ofRun(world, root.run).filter((each) => each.destination === root.destination);
  const keys = new Set([root.key]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const each of all)
      if (each.parent !== null && keys.has(each.parent) && !keys.has(each.key)) {
        keys.add(each.key);
        grown = true;
      }
  }
  return all.filter((each) => keys.has(each.key));
}
