// Routes of deliveries, destinations and secrets.
import { json, Problem, page } from "./http.mjs";
import { countStates, ofRun, replay, shown, subtree } from "./outbox.mjs";

export function outboxRoutes({ world }) {
  const one = (id) => {
    const found = world.outbox.deliveries.get(id);
    if (!found) throw new Problem(404, "delivery_not_found", `No delivery has the id ${id}.`);
    return found;
  };
  const place = (name) => {
    const found = world.outbox.destinations.get(name);
    if (!found) throw new Problem(404, "destination_not_found", `No destination is named ${name}.`);
    return found;
  };
  const systemEvent = (kind, data) => {
    world.feedSeq += 1;
    const event = {
      run: null,
      run_seq: 0,
      feed_seq: world.feedSeq,
      at: Date.now(),
      kind,
      stage: null,
      key: null,
      attempt: null,
      data,
    };
    for (const listener of world.listeners) listener({ type: "event", event });
  };
  const destination = (found) => {
    const all = [...world.outbox.deliveries.values()].filter((each) => each.destination === found.name);
    const open = all.filter((each) => each.state !== "done");
    const minute = Date.now() - 60_000;
    return {
      ...found,
      counts: countStates(all),
      oldest_undelivered_at: open.length ? Math.min(...open.map((each) => each.staged_at)) : null,
      delivered_per_s: all.filter((each) => each.state === "done" && each.changed_at > minute).length / 60,
    };
  };
  const filtered = (query) => {
    const states = query
      .getAll("state")
      .flatMap((text) => text.split(","))
      .filter(Boolean);
    const q = (query.get("q") ?? "").toLowerCase();
    const is = (key, value) => !query.get(key) || query.get(key) === value;
    return [...world.outbox.deliveries.values()].filter(
      (each) =>
        is("run", each.run) &&
        is("destination", each.destination) &&
        is("kind", each.kind) &&
        is("reason", each.error?.code) &&
        (!states.length || states.includes(each.state)) &&
        (!q || each.title.toLowerCase().includes(q) || each.key.includes(q) || each.remote?.id === q),
    );
  };
  const valid = (body) => {
    const missing = {
      azure_devops: ["organization", "project"],
      github: ["owner", "repo"],
      webhook: ["url"],
      files: ["directory"],
    }[body.kind]?.find((key) => !body.settings?.[key]);
    if (missing)
      throw new Problem(422, "invalid", `${missing} is missing.`, [
        { path: `/settings/${missing}`, message: "This is needed." },
      ]);
  };
  const keep = (name, body, before) => {
    const credential = body.credential ?? (body.secret ? name : (before?.credential ?? null));
    if (body.secret)
      world.outbox.secrets.set(credential, {
        name: credential,
        created_at: Date.now(),
        changed_at: Date.now(),
      });
    return { kind: body.kind, settings: body.settings, credential, problem: null };
  };
  return {
    "GET /deliveries": ({ response, query }) => {
      const items = filtered(query);
      if (!query.get("run")) items.sort((a, b) => b.changed_at - a.changed_at || Number(b.id) - Number(a.id));
      const found = page(items, query, 100);
      json(response, { ...found, items: found.items.map((each) => shown(world, each)) });
    },
    "GET /deliveries/summary": ({ response, query }) => {
      const all = filtered(
        new URLSearchParams({ run: query.get("run") ?? "", destination: query.get("destination") ?? "" }),
      );
      const destinations = new Map();
      const reasons = new Map();
      for (const each of all) {
        const list = destinations.get(each.destination);
        if (list) list.push(each);
        else destinations.set(each.destination, [each]);
        if (!each.error || each.state === "done") continue;
        const id = `${each.destination} ${each.error.code} ${each.state}`;
        const before = reasons.get(id);
        reasons.set(id, {
          destination: each.destination,
          code: each.error.code,
          message: each.error.message,
          state: each.state,
          count: (before?.count ?? 0) + 1,
        });
      }
      json(response, {
        by_state: countStates(all),
        by_destination: [...destinations].map(([name, list]) => ({
          destination: name,
          by_state: countStates(list),
        })),
        by_reason: [...reasons.values()].sort((a, b) => b.count - a.count),
      });
    },
    "POST /deliveries/replay": ({ response, body }) => {
      if (!body.ids && !body.run && !body.destination && !body.subtree_of && !body.from && !body.to)
        throw new Problem(
          422,
          "invalid",
          "Name what to replay: ids, run, destination, subtree_of or a time.",
        );
      const below = body.subtree_of ? new Set(subtree(world, one(body.subtree_of))) : null;
      const wanted = [...world.outbox.deliveries.values()].filter(
        (each) =>
          each.state === "dead" &&
          (!body.ids || body.ids.includes(each.id)) &&
          (!body.run || each.run === body.run) &&
          (!body.destination || each.destination === body.destination) &&
          (!below || below.has(each)),
      );
      replay(world, wanted, { dryRun: body.dry_run });
      json(response, {
        matched: wanted.length,
        replayed: body.dry_run ? 0 : wanted.length,
        sample: wanted.slice(0, 100).map((each) => shown(world, each)),
      });
    },
    "GET /deliveries/:id": ({ response, params }) => {
      const found = one(params.id);
      const parent = ofRun(world, found.run).find(
        (each) => each.key === found.parent && each.destination === found.destination,
      );
      json(response, {
        ...shown(world, found),
        payload: found.payload,
        parent_remote: parent?.remote ?? null,
      });
    },
    "GET /deliveries/:id/preview": ({ response, params }) => json(response, preview(world, one(params.id))),
    "GET /destinations": ({ response }) =>
      json(response, { items: [...world.outbox.destinations.values()].map(destination), next_cursor: null }),
    "GET /destinations/:name": ({ response, params }) => json(response, destination(place(params.name))),
    "POST /destinations": ({ response, body }) => {
      if (world.outbox.destinations.has(body.name))
        throw new Problem(409, "destination_exists", `A destination is named ${body.name} already.`, [
          { path: "/name", message: "A destination has this name." },
        ]);
      valid(body);
      const made = {
        name: body.name,
        ...keep(body.name, body),
        guarantee: body.kind === "webhook" ? "at_least_once" : "exactly_once_effect",
        paused: null,
        breaker: { state: "closed", failures: 0, reason: null, until: null },
        limiter: { rate_per_s: null, in_flight: 0, parallel: 4, paused_until: null, remaining: null },
      };
      world.outbox.destinations.set(body.name, made);
      json(response, destination(made), 201);
    },
    "PUT /destinations/:name": ({ response, params, body }) => {
      const found = place(params.name);
      valid(body);
      json(response, destination(Object.assign(found, keep(params.name, body, found))));
    },
    "DELETE /destinations/:name": ({ response, params }) => {
      const found = place(params.name);
      const open = [...world.outbox.deliveries.values()].filter(
        (each) => each.destination === found.name && each.state !== "done",
      ).length;
      if (open > 0)
        throw new Problem(409, "undelivered", `${open} deliveries to ${found.name} are not delivered.`);
      world.outbox.destinations.delete(found.name);
      response.writeHead(204).end();
    },
    "POST /destinations/:name/pause": ({ response, params, body }) => {
      const found = place(params.name);
      found.paused = { code: "by_user", reason: body.reason || "Paused by mira.", at: Date.now() };
      systemEvent("destination.paused", {
        destination: found.name,
        code: "by_user",
        reason: found.paused.reason,
      });
      json(response, destination(found));
    },
    "POST /destinations/:name/resume": ({ response, params }) => {
      const found = place(params.name);
      found.paused = null;
      systemEvent("destination.resumed", { destination: found.name, by: "mira" });
      json(response, destination(found));
    },
    "POST /destinations/:name/test": ({ response, params }) => {
      const found = place(params.name);
      const error =
        found.problem ??
        (found.paused?.code === "unauthorized"
          ? {
              code: "unauthorized",
              message: "401 Unauthorized: the secret was not accepted.",
              help: "Put a fresh secret in place.",
              retryable: false,
            }
          : null);
      json(response, {
        ok: error === null,
        message: error ? error.message : "It answers, and the credential may write there.",
        error,
      });
    },
    "GET /secrets": ({ response }) =>
      json(response, {
        items: [...world.outbox.secrets.values()].map((secret) => ({
          ...secret,
          used_by: [...world.outbox.destinations.values()]
            .filter((each) => each.credential === secret.name)
            .map((each) => each.name),
        })),
        next_cursor: null,
      }),
    "PUT /secrets/:name": ({ response, params }) => {
      const before = world.outbox.secrets.get(params.name);
      world.outbox.secrets.set(params.name, {
        name: params.name,
        created_at: before?.created_at ?? Date.now(),
        changed_at: Date.now(),
      });
      response.writeHead(204).end();
    },
    "DELETE /secrets/:name": ({ response, params }) => {
      if ([...world.outbox.destinations.values()].some((each) => each.credential === params.name))
        throw new Problem(409, "secret_in_use", `The secret ${params.name} is in use.`);
      world.outbox.secrets.delete(params.name);
      response.writeHead(204).end();
    },
  };
}

/** What the mock's Azure DevOps would be sent. */
export function preview(world, { kind, title, payload, destination }) {
  if (world.outbox.destinations.get(destination)?.kind === "files")
    return { method: "WRITE", url: `/var/lib/headway/export/${kind}.json`, headers: [], body: payload };
  const type = {
    epic: "Epic",
    feature: "Feature",
    story: "User%20Story",
    task: "Task",
    test_case: "Test%20Case",
  }[kind];
  return {
    method: "POST",
    url: `https://dev.azure.com/example-press/Press/_apis/wit/workitems/$${type}?api-version=7.1`,
    headers: [
      ["content-type", "application/json-patch+json"],
      ["authorization", "Basic ••••••••"],
    ],
    body: [
      { op: "add", path: "/fields/System.Title", value: title },
      { op: "add", path: "/fields/System.Description", value: `<p>${payload.description ?? ""}</p>` },
      { op: "add", path: "/fields/System.AreaPath", value: "Press\\Web" },
      { op: "add", path: "/fields/System.Tags", value: "headway-0k3mv7q2n8d4x" },
    ],
  };
}
