// A stand-in for the server, for developing and checking the dashboard alone. Never shipped.
//   node dev/mock-server.mjs            port 5199 (MOCK_PORT), MOCK_SPEED=1, MOCK_AUTH=1 asks for sign-in (code 000000)
//   POST /api/v1/__mock/cut|epoch|faults{silent,stall,refuse:502}|tick{times,speed}
// With MOCK_STATIC=1 it also serves ui/dist under the server's strict content security policy.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { body, Problem, problem } from "./mock/http.mjs";
import { makeFiles } from "./mock/ingest.mjs";
import { appRoutes } from "./mock/routes-apps.mjs";
import { backlogRoutes } from "./mock/routes-backlog.mjs";
import { outboxRoutes } from "./mock/routes-outbox.mjs";
import { runRoutes } from "./mock/routes-runs.mjs";
import { populate } from "./mock/simulate.mjs";
import { Streams } from "./mock/streams.mjs";
import { World } from "./mock/world.mjs";

const CSP =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

export function startMock({ port = 0, speed = 1, auth = false, serveStatic = false } = {}) {
  const world = new World();
  const options = { auth, signedIn: false, sse: true, faults: { silent: false, stall: false, refuse: 0 } };
  const library = makeFiles(2400).filter((file) => file.state === "processed");
  world.library = library.map((file, index) => ({
    ...file,
    state: "committed",
    id: `m${file.sha256.slice(0, 12)}`,
    added_at: Date.now() - index * 60_000,
    run: "00000000000ru",
  }));
  const stop = populate(world, speed);
  const streams = new Streams(world, options.faults);
  const context = { world, streams, options };
  const table = compile({
    ...runRoutes(context),
    ...appRoutes(context),
    ...outboxRoutes(context),
    ...backlogRoutes(context),
  });

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    try {
      if (url.pathname === "/health") {
        response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}');
        return;
      }
      if (!url.pathname.startsWith("/api/v1/")) {
        if (serveStatic) return staticFile(url.pathname, response);
        throw new Problem(404, "not_found", "The mock answers /api/v1 only.");
      }
      const found = match(table, request.method, url.pathname.slice("/api/v1".length));
      if (!found)
        throw new Problem(404, "route_not_found", `The mock has no ${request.method} ${url.pathname}.`);
      const parsed = request.method === "GET" || request.method === "DELETE" ? {} : await body(request);
      await found.handler({ request, response, params: found.params, query: url.searchParams, body: parsed });
    } catch (error) {
      if (!(error instanceof Problem)) console.error(error);
      if (!response.headersSent) problem(response, error);
    }
  });
  return new Promise((ready) => {
    server.listen(port, "127.0.0.1", () => {
      const close = () => {
        stop();
        streams.close();
        server.closeAllConnections();
        server.close();
      };
      ready({ port: server.address().port, world, streams, options, close });
    });
  });
}

function compile(routes) {
  return Object.entries(routes).map(([name, handler]) => {
    const [method, path] = name.split(" ");
    const keys = [...path.matchAll(/:(\w+)/g)].map((found) => found[1]);
    return { method, pattern: new RegExp(`^${path.replaceAll(/:\w+/g, "([^/]+)")}$`), keys, handler };
  });
}

function match(table, method, path) {
  for (const route of table) {
    if (route.method !== method) continue;
    const found = route.pattern.exec(path);
    if (found)
      return {
        handler: route.handler,
        params: Object.fromEntries(
          route.keys.map((key, index) => [key, decodeURIComponent(found[index + 1])]),
        ),
      };
  }
  return undefined;
}

function staticFile(path, response) {
  const wanted = join(DIST, normalize(path));
  const file =
    wanted.startsWith(DIST) && existsSync(wanted) && statSync(wanted).isFile()
      ? wanted
      : join(DIST, "index.html");
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
  });
  createReadStream(file).pipe(response);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({
    port: Number(process.env.MOCK_PORT ?? 5199),
    speed: Number(process.env.MOCK_SPEED ?? 1),
    auth: process.env.MOCK_AUTH === "1",
    serveStatic: process.env.MOCK_STATIC === "1",
  });
  console.log(`mock on http://127.0.0.1:${mock.port}/api/v1`);
}
