// Routes of ingest, library, media, settings.
import { json, Problem, page } from "./http.mjs";
import { facets, filterFiles, thumbnail } from "./ingest.mjs";
import { approve, ingestInput, startIngest } from "./simulate.mjs";

const DIRECTORIES = {
  "/media": { parent: null, directories: ["generated", "phone", "scans", "<b>odd name</b>"], files: 0 },
  "/media/generated": { parent: "/media", directories: ["2026-10", "2026-11"], files: 12 },
  "/media/generated/2026-10": { parent: "/media/generated", directories: [], files: 3120 },
  "/media/generated/2026-11": { parent: "/media/generated", directories: ["drafts"], files: 1200 },
  "/media/generated/2026-11/drafts": { parent: "/media/generated/2026-11", directories: [], files: 88 },
  "/media/phone": { parent: "/media", directories: ["DCIM"], files: 0 },
  "/media/phone/DCIM": { parent: "/media/phone", directories: [], files: 180 },
  "/media/scans": { parent: "/media", directories: [], files: 0 },
};

const tokens = [
  {
    id: "t1",
    name: "laptop",
    prefix: "hw_7f3a",
    created_at: Date.now() - 86_400_000 * 9,
    expires_at: null,
    last_used_at: Date.now() - 3_600_000,
    scopes: ["runs:read", "runs:write"],
  },
];
const schedules = [
  {
    id: "s1",
    name: "nightly",
    cron: "0 3 * * *",
    timezone: "Europe/Berlin",
    pipeline: "nightly-report",
    input: {},
    enabled: true,
    next_at: Date.now() + 3_600_000 * 5,
    last_at: Date.now() - 3_600_000 * 19,
    last_run: null,
  },
];

export function appRoutes({ world }) {
  const record = (id) => {
    const found = world.runs.get(id);
    if (!found) throw new Problem(404, "run_not_found", `No run has the id ${id}.`);
    if (!found.files) throw new Problem(404, "not_an_ingest", `Run ${id} is not an ingest with files.`);
    return found;
  };
  const media = (id) => {
    const found = world.library.find((file) => file.id === id);
    if (!found) throw new Problem(404, "media_not_found", `The library has no file ${id}.`);
    return found;
  };
  const seen = (found) => found.files.slice(0, Math.max(found.sim.at.preview, found.sim.at.read));
  return {
    "GET /ingest/roots": ({ response }) =>
      json(response, {
        items: [
          { path: "/media", label: "Media", free_bytes: 182 * 1024 ** 3 },
          { path: "/mnt/archive", label: "Archive", free_bytes: 3.1 * 1024 ** 4 },
        ],
        next_cursor: null,
      }),
    "GET /ingest/browse": ({ response, query }) => {
      const path = query.get("path") ?? "/media";
      if (path === "/mnt/archive") return json(response, { path, parent: null, directories: [], files: 41 });
      const found = DIRECTORIES[path];
      if (!found)
        throw new Problem(
          path.includes("..") ? 403 : 404,
          "outside_roots",
          `${path} does not lie below a configured media root.`,
        );
      json(response, {
        path,
        parent: found.parent,
        files: found.files,
        directories: found.directories.map((name) => ({ name, path: `${path}/${name}` })),
      });
    },
    "POST /ingest": ({ response, body }) => {
      const bad = (body.directories ?? []).findIndex(
        (path) => !String(path).startsWith("/media") && !String(path).startsWith("/mnt/archive"),
      );
      if (!body.directories?.length)
        throw new Problem(422, "invalid", "Choose at least one folder.", [
          { path: "/directories", message: "Choose at least one folder." },
        ]);
      if (bad >= 0)
        throw new Problem(422, "outside_roots", `${body.directories[bad]} does not lie below a media root.`, [
          { path: `/directories/${bad}`, message: "This folder does not lie below a media root." },
        ]);
      const made = startIngest(world, {
        title: body.directories.map((path) => path.split("/").at(-1)).join(", "),
        files: Math.min(body.max_files ?? 400, 1200),
        input: { ...ingestInput(body.directories), ...body },
      });
      json(response, made.run, 201, { location: `/api/v1/runs/${made.run.id}` });
    },
    "GET /ingest/:run": ({ response, params }) => {
      const found = record(params.run);
      const { run } = found;
      const commit = run.stages.find((stage) => stage.name === "commit");
      const phase = run.ended_at
        ? "done"
        : run.state === "waiting"
          ? "preview"
          : commit.state === "open"
            ? "committing"
            : "processing";
      const { discovered, skipped, processed, failed, metadata, keywords, scores, nsfw, errors } =
        run.counters;
      json(response, {
        run,
        stats: { discovered, skipped, processed, failed, metadata, keywords, scores, nsfw, errors },
        params: run.input,
        current_file: found.current,
        phase,
        nsfw_available: true,
        notes: ["Videos are unknown for NSFW: ffprobe is not installed."],
      });
    },
    "GET /ingest/:run/files": ({ response, params, query }) =>
      json(response, page(filterFiles(seen(record(params.run)), query), query, 100)),
    "GET /ingest/:run/duplicates": ({ response, params }) => {
      const files = seen(record(params.run));
      const exact = files
        .filter((file) => file.duplicate_of)
        .map((file) => ({ sha256: file.sha256, keys: [file.duplicate_of, file.key] }));
      const groups = new Map();
      for (const file of files) {
        if (file.near_group !== null)
          groups.set(file.near_group, [...(groups.get(file.near_group) ?? []), file]);
      }
      json(response, {
        exact,
        near: [...groups].map(([group, list]) => ({
          group,
          keys: list.map((file) => file.key),
          distance: 4 + (group % 5),
        })),
      });
    },
    "POST /ingest/:run/selection": ({ response, params, body }) => {
      const found = record(params.run);
      const filter = body.exclude_filter
        ? new Set(
            filterFiles(
              found.files,
              new URLSearchParams(
                Object.entries(body.exclude_filter).map(([key, value]) => [key, String(value)]),
              ),
            ).map((file) => file.key),
          )
        : new Set();
      for (const file of found.files) {
        if (body.exclude?.includes(file.key) || filter.has(file.key)) file.excluded = true;
        if (body.include?.includes(file.key)) file.excluded = false;
      }
      json(response, { excluded: found.files.filter((file) => file.excluded).length });
    },
    "POST /ingest/:run/commit": ({ response, params }) => {
      const found = record(params.run);
      if (found.run.state !== "waiting")
        throw new Problem(409, "illegal_state", "The run does not wait for a commit.");
      approve(world, found);
      json(response, found.run, 202);
    },
    "GET /ingest/:run/errors": ({ response, params, query }) => {
      const items = record(params.run)
        .events.filter((event) => event.kind === "app.error")
        .map((event) => ({ at: event.at, key: event.key, ...event.data }))
        .reverse();
      json(response, page(items, query, 100));
    },
    "GET /library": ({ response, query }) => {
      const items = filterFiles(world.library, query);
      json(response, { ...page(items, query, 60), total: items.length });
    },
    "GET /library/facets": ({ response, query }) => json(response, facets(filterFiles(world.library, query))),
    "POST /library/bulk": ({ response, body }) => {
      for (const id of body.ids)
        Object.assign(
          media(id),
          body.score === undefined ? {} : { score: body.score },
          body.favourite === undefined ? {} : { favourite: body.favourite },
        );
      json(response, { updated: body.ids.length });
    },
    "GET /library/:id": ({ response, params }) => json(response, media(params.id)),
    "PATCH /library/:id": ({ response, params, body }) =>
      json(response, Object.assign(media(params.id), body)),
    "GET /library/:id/file": ({ response, params }) => picture(response, media(params.id).sha256),
    "GET /media/:sha256/thumbnail": ({ response, params }) => picture(response, params.sha256),
    "GET /tokens": ({ response }) => json(response, { items: tokens, next_cursor: null }),
    "POST /tokens": ({ response, body }) => {
      const token = {
        id: `t${tokens.length + 1}`,
        name: body.name,
        prefix: "hw_91bc",
        created_at: Date.now(),
        expires_at: body.expires_at ?? null,
        last_used_at: null,
        scopes: body.scopes ?? [],
      };
      tokens.push(token);
      json(response, { ...token, token: "hw_91bc_EXAMPLE_shown_once_only" }, 201);
    },
    "DELETE /tokens/:id": ({ response, params }) => {
      const at = tokens.findIndex((token) => token.id === params.id);
      if (at >= 0) tokens.splice(at, 1);
      response.writeHead(204).end();
    },
    "GET /schedules": ({ response }) => json(response, { items: schedules, next_cursor: null }),
    "POST /schedules": ({ response, body }) => {
      const schedule = {
        id: `s${schedules.length + 1}`,
        next_at: Date.now() + 3_600_000,
        last_at: null,
        last_run: null,
        ...body,
      };
      schedules.push(schedule);
      json(response, schedule, 201);
    },
    "PATCH /schedules/:id": ({ response, params, body }) =>
      json(response, Object.assign(schedules.find((schedule) => schedule.id === params.id) ?? {}, body)),
    "DELETE /schedules/:id": ({ response, params }) => {
      const at = schedules.findIndex((schedule) => schedule.id === params.id);
      if (at >= 0) schedules.splice(at, 1);
      response.writeHead(204).end();
    },
    "POST /backup": ({ response }) =>
      json(response, {
        path: "/var/lib/headway/backups/2026-11-22.db",
        bytes: 48_211_968,
        sha256: "9f2c".repeat(16),
        took_ms: 812,
      }),
    "GET /settings": ({ response }) =>
      json(response, {
        server: { bind: "127.0.0.1:7070", dev: true, public_url: null },
        database: { engine: "sqlite", path: "/var/lib/headway/headway.db", group_commit_max: 512 },
        sse: { update_interval_ms: 100, timeout_minutes: 10 },
        outbox: { batch_size: 64, retry_attempts: 8, timeout_seconds: 30 },
        hardware_scaling: { min_workers: 1, max_workers: 64 },
        ingest: { roots: ["/media", "/mnt/archive"], max_megapixels: 100 },
        secrets: { github_token: "••••" },
      }),
    "GET /audit": ({ response, query }) => {
      const actions = ["session:create", "runs:write", "limits:write", "tokens:create", "runs:cancel"];
      const items = Array.from({ length: 300 }, (_, i) => ({
        at: Date.now() - i * 613_000,
        who: i % 4 === 3 ? "token hw_7f3a" : "mira",
        action: actions[i % actions.length],
        object: `run/${i}`,
        result: i % 17 === 5 ? "denied" : "ok",
        address: "127.0.0.1",
      }));
      json(response, page(items, query));
    },
  };
}

function picture(response, sha) {
  response.writeHead(200, {
    "content-type": "image/svg+xml",
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
  });
  response.end(thumbnail(sha));
}
