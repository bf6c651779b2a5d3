// Backlogs of the mock: a tree that grows stage by stage, waits for approval, is staged and delivered.
import { countStates, ofRun, relay, stage as stageDelivery } from "./outbox.mjs";
import { isTerminal } from "./world.mjs";

const LEVELS = [
  ["epics", "epic", "epics"],
  ["features", "feature", "features"],
  ["stories", "story", "stories"],
  ["tasks", "task", "tasks"],
  ["test_cases", "test_case", "tests"],
];
const SIZES = {
  small: { epics: 2, features: 3, stories: 4, tasks: 4, tests: 3 },
  medium: { epics: 3, features: 4, stories: 5, tasks: 5, tests: 4 },
  large: { epics: 5, features: 6, stories: 6, tasks: 6, tests: 5 },
};
const THINGS = [
  "a proof",
  "the press queue",
  "an order",
  "the paper stock",
  "a delivery note",
  "the colour profile",
];
const DOES = ["approve", "see", "change", "track", "plan", "compare"];
const ACTORS = ["printer", "customer", "planner", "bookkeeper"];

const EPICS = ["Proofing online", "Planning the presses", "Orders and quotes", "Paper stock", "Reports"];
const FEATURES = [
  "Annotations",
  "Versions side by side",
  "Reminders",
  "Shift plan",
  "Setup times",
  "Price rules",
];

export function startBacklog(world, { params, title, created_at }) {
  const record = world.createRun("backlog", { title, input: params, created_at });
  const numbers = typeof params.size === "string" ? SIZES[params.size] : params.size;
  record.backlog = { items: new Map(), params, numbers, queue: [], cost: 0, tokens: [0, 0], regenerated: 0 };
  record.sim = { kind: "backlog" };
  const { run } = record;
  run.state = "running";
  run.started_at = run.created_at + 9;
  world.event(record, "run.started", {}, { at: run.started_at });
  const wanted = LEVELS.map(([, , number]) => numbers[number]);
  // The whole plan, in the order in which it will be written.
  const plan = (parent, depth, path) => {
    for (const at of depth === 3 ? [3, 4] : [depth]) {
      for (let i = 0; i < (wanted[at] ?? 0); i++) {
        const key = `${path}${path ? "/" : ""}${["e", "f", "s", "t", "c"][at]}${i + 1}`;
        record.backlog.queue.push({ key, parent, at, i });
        if (at < 3) plan(key, at + 1, key);
      }
    }
  };
  plan(null, 0, "");
  record.backlog.queue.sort(
    (a, b) => a.key.split("/").length * 40 + a.i * 9 - (b.key.split("/").length * 40 + b.i * 9),
  );
  for (const stage of run.stages.slice(0, 5)) {
    stage.state = "open";
    stage.opened_at = run.started_at;
    world.event(record, "stage.opened", {}, { stage: stage.name });
  }
  return record;
}

/** Writes some items; when all are there, the run waits for approval or goes on. */
export function tickBacklog(world, record, count) {
  const { run, backlog } = record;
  if (backlog.queue.length > 0) return write(world, record, count);
  const approve = run.stages.find((stage) => stage.name === "approve");
  if (approve.state === "pending") {
    for (const stage of run.stages.slice(0, 6)) {
      Object.assign(stage, {
        state: "closed",
        closed_at: Date.now(),
        rate_per_s: 0,
        in_flight: 0,
        pending: 0,
      });
      world.event(record, "stage.closed", { counts: {} }, { stage: stage.name });
    }
    if (!backlog.params.review) {
      approve.state = "skipped";
      return stageAll(world, record);
    }
    Object.assign(approve, { state: "open", opened_at: Date.now(), total: 1, waiting: 1 });
    run.state = "waiting";
    run.rate_per_s = 0;
    record.current = null;
    run.waiting_for = [{ stage: "approve", signal: "approve", since: Date.now() }];
    world.event(record, "run.waiting", { stage: "approve", signal: "approve" });
    return;
  }
  const { deliveries } = run;
  // What hangs below something dead is not on its way.
  const stuck = countStates(ofRun(world, run.id)).blocked ?? 0;
  if (deliveries.unsent - stuck <= 0)
    finish(world, record, deliveries.dead > 0 ? "completed_with_errors" : "completed");
}

function finish(world, record, state) {
  Object.assign(record.run, { state, ended_at: Date.now(), rate_per_s: 0, eta_ms: null });
  world.event(record, "run.completed", { state });
}

function write(world, record, count) {
  const { run, backlog } = record;
  for (const { key, parent, at, i } of backlog.queue.splice(0, Math.max(1, count))) {
    const [name, kind] = LEVELS[at];
    const stage = run.stages.find((each) => each.name === name);
    const score = 70 + Math.floor(world.random() * 30);
    const flagged = score < 75 && world.random() < 0.5;
    backlog.items.set(key, {
      key,
      parent,
      kind,
      level: Math.min(at, 3),
      position: i,
      item: workItem(kind, i, key, world.random),
      quality: {
        score: flagged ? score : Math.max(75, score),
        problems: flagged ? ["Two acceptance criteria say the same.", "The title names no outcome."] : [],
        attempts: flagged ? 5 : 1,
      },
      flagged,
      edited: false,
      excluded: false,
    });
    stage.total += 1;
    stage.done += 1;
    backlog.tokens[0] += 620;
    backlog.tokens[1] += 410;
    backlog.cost += backlog.params.author === "openai" ? 1_840 : 0;
    record.current = `${kind.replace("_", " ")} ${key}`;
    world.event(record, "task.done", { ms: 900 }, { stage: name, key });
  }
  for (const [name, , number] of LEVELS) {
    const stage = run.stages.find((each) => each.name === name);
    const left = backlog.queue.filter((each) => LEVELS[each.at][2] === number).length;
    Object.assign(stage, {
      pending: left,
      total: stage.done + left,
      in_flight: Math.min(left, stage.limit ?? 2),
    });
    stage.rate_per_s = left > 0 ? 1.4 + stage.done / 40 : 0;
  }
  run.counters = {
    cost_micro_usd: backlog.cost,
    prompt_tokens: backlog.tokens[0],
    completion_tokens: backlog.tokens[1],
  };
  for (const [name] of LEVELS) run.counters[name] = run.stages.find((each) => each.name === name).done;
  run.rate_per_s = 4.2;
}

export function stageAll(world, record) {
  const { run, backlog } = record;
  run.state = "running";
  run.waiting_for = [];
  const stage = run.stages.find((each) => each.name === "stage");
  const items = tree(record).filter((item) => !isExcluded(backlog, item));
  Object.assign(stage, {
    state: "closed",
    opened_at: Date.now(),
    closed_at: Date.now(),
    total: items.length,
    done: items.length,
  });
  const to = backlog.params.to;
  if (to) {
    for (const { key, kind, level, parent, item } of items)
      stageDelivery(world, record, {
        key,
        kind,
        level,
        parent,
        title: item.title,
        destination: to,
        payload: item,
      });
    world.event(record, "delivery.staged", { destination: to, count: items.length });
  }
  if (!to) finish(world, record, "completed");
}

export function isExcluded(backlog, item) {
  for (let each = item; each; each = backlog.items.get(each.parent)) if (each.excluded) return true;
  return false;
}

/** Depth first, as the wire gives it, each with its delivery. */
export function tree(record, parent = null, out = []) {
  const children = [...record.backlog.items.values()]
    .filter((item) => item.parent === parent)
    .sort((a, b) => a.kind.localeCompare(b.kind) * -1 || a.position - b.position);
  for (const item of children) {
    out.push(item);
    if (item.level < 3) tree(record, item.key, out);
  }
  return out;
}

export function wireItems(world, record) {
  const deliveries = new Map(ofRun(world, record.run.id).map((each) => [each.key, each]));
  const children = new Map();
  for (const { parent } of record.backlog.items.values())
    children.set(parent, (children.get(parent) ?? 0) + 1);
  return tree(record).map((item) => {
    const delivery = deliveries.get(item.key);
    return {
      ...item,
      children: children.get(item.key) ?? 0,
      delivery: delivery
        ? {
            id: delivery.id,
            state: delivery.state,
            attempts: delivery.attempts,
            remote: delivery.remote,
            error: delivery.error,
          }
        : null,
    };
  });
}

export function sessionOf(record) {
  const { run, backlog } = record;
  const items = [...backlog.items.values()];
  const count = (kind) => items.filter((item) => item.kind === kind).length;
  const staged = run.stages.find((stage) => stage.name === "stage").state === "closed";
  return {
    run,
    params: backlog.params,
    stats: {
      epics: count("epic"),
      features: count("feature"),
      stories: count("story"),
      tasks: count("task"),
      test_cases: count("test_case"),
      flagged: items.filter((item) => item.flagged).length,
      regenerated: items.length >> 4,
      prompt_tokens: backlog.tokens[0],
      completion_tokens: backlog.tokens[1],
      cost_micro_usd: backlog.cost,
      staged: run.deliveries.staged,
      delivered: run.deliveries.done,
      dead: run.deliveries.dead,
    },
    phase: isTerminal(run.state)
      ? "done"
      : staged
        ? "delivering"
        : run.state === "waiting"
          ? "review"
          : "generating",
    author: backlog.params.author ?? "outline",
    budget_usd: backlog.params.budget_usd,
    notes:
      backlog.params.author === "openai"
        ? []
        : ["Written by rule from the vision's headings and bullets; no model was asked."],
  };
}

function workItem(kind, i, key, random) {
  const thing = THINGS[(i + key.length) % THINGS.length];
  const actor = ACTORS[(i * 7 + key.length) % ACTORS.length];
  const does = DOES[(i * 3 + key.length) % DOES.length];
  const common = { kind, priority: 1 + (i % 4), category: "web" };
  if (kind === "epic")
    return {
      ...common,
      title: EPICS[i % EPICS.length],
      description: `Everybody who works on ${thing} finds it in one place.\n\n- no phone calls for the state of an order\n- no paper between office and press`,
      complexity: "high",
      business_value: 70,
    };
  if (kind === "feature")
    return {
      ...common,
      title: `${FEATURES[i % FEATURES.length]} for ${thing}`,
      description: `Lets a ${actor} ${does} ${thing} without asking anybody.`,
      story_points: 13,
      business_value: 40,
      sections: [
        {
          heading: "Edge cases",
          text: "Two people work on the same order.\n\nThe connection is lost meanwhile.",
        },
        { heading: "Technical notes", text: "Optimistic locking by the order's version." },
      ],
    };
  if (kind === "story")
    return {
      ...common,
      title: `As a ${actor} I want to ${does} ${thing} so that nobody waits`,
      description: `The ${actor} opens the page of ${thing}.`,
      acceptance_criteria: [
        `Given ${thing} exists, when the ${actor} opens it, then its state is shown.`,
        `Given it has changed meanwhile, when the ${actor} saves, then both versions are offered.`,
        "Given there is no network, when it comes back, then nothing typed is lost.",
      ],
      story_points: [1, 2, 3, 5, 8][i % 5],
    };
  if (kind === "task")
    return {
      ...common,
      title: `${["Add the table", "Write the route", "Draw the page", "Cover it with tests", "Describe it", "Measure it"][i % 6]} for ${thing}`,
      description: "See the story's criteria.",
      estimate_hours: 0.5 + Math.floor(random() * 12) / 2,
      category: ["backend", "frontend", "test"][i % 3],
    };
  return {
    ...common,
    title: `${["Opens", "Saves", "Refuses", "Shows", "Remembers"][i % 5]} ${thing}`,
    steps: [
      { action: `Open the page of ${thing}.`, expected: "The state is shown." },
      { action: "Change the title and save.", expected: "The new title is shown, also after a reload." },
    ],
    test_data: "Order 4711",
    automation: i % 2 === 0,
  };
}

export { relay };
