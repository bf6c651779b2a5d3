// Routes of the backlog application.
import { isExcluded, sessionOf, stageAll, startBacklog, tree, wireItems } from "./backlog.mjs";
import { json, Problem, page } from "./http.mjs";
import { ofRun, replay, subtree } from "./outbox.mjs";
import { preview } from "./routes-outbox.mjs";

export function backlogRoutes({ world }) {
  const record = (id) => {
    const found = world.runs.get(id);
    if (!found) throw new Problem(404, "run_not_found", `No run has the id ${id}.`);
    if (!found.backlog) throw new Problem(404, "not_a_backlog", `Run ${id} is no backlog.`);
    return found;
  };
  return {
    "GET /backlog/authors": ({ response }) =>
      json(response, {
        items: [
          {
            name: "outline",
            available: true,
            model: null,
            says: "Expands the vision's headings and bullets by rule. No model, no network, no cost; the same vision gives the same backlog.",
          },
          {
            name: "openai",
            available: true,
            model: "example-model-large",
            says: "Asks the model at https://llm.example.org/v1 for each item. Costs money; answers differ from run to run.",
          },
        ],
        next_cursor: null,
      }),
    "POST /backlog": ({ response, body }) => {
      if (!body.vision?.trim())
        throw new Problem(422, "invalid", "The vision is empty.", [
          { path: "/vision", message: "Write a vision." },
        ]);
      if (body.to && !world.outbox.destinations.has(body.to))
        throw new Problem(422, "invalid", "No such destination.", [
          { path: "/to", message: `No destination is named ${body.to}.` },
        ]);
      const heading = /^#\s+(.+)$/m.exec(body.vision)?.[1];
      const made = startBacklog(world, {
        params: { size: "small", review: true, ...body },
        title: body.title || heading || "A backlog",
      });
      json(response, made.run, 201, { location: `/api/v1/runs/${made.run.id}` });
    },
    "GET /backlog/:run": ({ response, params }) => json(response, sessionOf(record(params.run))),
    "GET /backlog/:run/items": ({ response, params, query }) => {
      const parent = query.get("parent");
      const q = (query.get("q") ?? "").toLowerCase();
      const items = wireItems(world, record(params.run)).filter(
        (item) =>
          (!parent || item.parent === (parent === "root" ? null : parent)) &&
          (!query.get("kind") || item.kind === query.get("kind")) &&
          (!query.get("flagged") || item.flagged) &&
          (!query.get("delivery") || item.delivery?.state === query.get("delivery")) &&
          (!q || item.item.title.toLowerCase().includes(q)),
      );
      json(response, page(items, query, 200));
    },
    "PATCH /backlog/:run/items/:key": ({ response, params, body }) => {
      const found = record(params.run);
      const item = found.backlog.items.get(params.key);
      if (!item) throw new Problem(404, "item_not_found", `The backlog has no item ${params.key}.`);
      if (wireItems(world, found).find((each) => each.key === params.key)?.delivery?.state === "done")
        throw new Problem(409, "already_delivered", "The item is at its destination; change it there.");
      if (body.item) Object.assign(item, { item: { ...item.item, ...body.item }, edited: true });
      if (body.excluded !== undefined) item.excluded = body.excluded;
      json(
        response,
        wireItems(world, found).find((each) => each.key === params.key),
      );
    },
    "POST /backlog/:run/approve": ({ response, params }) => {
      const found = record(params.run);
      if (found.run.state !== "waiting")
        throw new Problem(409, "illegal_state", "The run does not wait for approval.");
      world.event(found, "signal.received", { name: "approve", by: "mira", payload: null });
      Object.assign(
        found.run.stages.find((stage) => stage.name === "approve"),
        { state: "closed", done: 1, waiting: 0 },
      );
      stageAll(world, found);
      json(response, found.run, 202);
    },
    "POST /backlog/:run/restage": ({ response, params, body }) => {
      const found = record(params.run);
      const edited = wireItems(world, found).filter(
        (item) =>
          item.edited && item.delivery?.state !== "done" && (!body.keys || body.keys.includes(item.key)),
      );
      const ids = new Set(edited.map((item) => item.delivery?.id));
      replay(
        world,
        ofRun(world, params.run).filter((each) => ids.has(each.id)),
        { dryRun: false },
      );
      json(response, { staged: edited.length });
    },
    "GET /backlog/:run/dry-run": ({ response, params, query }) => {
      const found = record(params.run);
      const items = tree(found).filter((item) => !isExcluded(found.backlog, item));
      const rows = items.map(({ key, kind, item }, index) => ({
        key,
        title: item.title,
        preview: preview(world, {
          kind,
          title: item.title,
          payload: item,
          destination: found.backlog.params.to ?? "",
        }),
        valid:
          index % 29 === 13
            ? {
                ok: false,
                error: {
                  code: "azure_devops.Rule",
                  message: "TF401320: Rule Error for field Story Points.",
                  help: null,
                  retryable: false,
                },
              }
            : { ok: true, error: null },
      }));
      json(response, page(rows, query, 50));
    },
    "GET /backlog/:run/export": ({ response, params, query }) => {
      response.writeHead(200, {
        "content-type": "text/plain",
        "content-disposition": `attachment; filename="backlog.${query.get("format")}"`,
      });
      response.end(
        tree(record(params.run))
          .map((item) => `${"  ".repeat(item.level)}- ${item.item.title}`)
          .join("\n"),
      );
    },
    "POST /jobs/:run/retry-uploads": ({ response, params, body }) => {
      const all = ofRun(world, params.run);
      const root = body.key ? all.find((each) => each.key === body.key) : null;
      const wanted = (root ? subtree(world, root) : all).filter((each) => each.state === "dead");
      replay(world, wanted, { dryRun: false });
      json(response, { replayed: wanted.length });
    },
  };
}
