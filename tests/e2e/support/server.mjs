// The real binary: `headway serve` on a data folder and a port of its own, and requests to it.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./wait.mjs";

const BIN = process.env.HEADWAY_BIN;
if (!BIN) throw new Error("HEADWAY_BIN names no binary; run scripts/test-e2e.sh target/release/headway");

/** Longest time from start to the address, in milliseconds. */
const START_MS = 20_000;

/** The caller's variables without Headway's, which would be settings of the server. */
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HEADWAY_")));

const run = promisify(execFile);

/** A folder that is removed when the test file ends. */
export async function tempFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "headway-e2e-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Sample media in `folder`: `count` good files, and 17 broken ones where `broken` is asked for. */
export async function sample(folder, { count, broken }) {
  await run(BIN, ["sample", folder, "--count", String(count), ...(broken ? ["--broken"] : [])], { env: ENV });
  return folder;
}

/** A server that can be killed and started again at the same address. */
export class Server {
  #process = null;
  #output = "";
  #args;

  /** The page's address, without a slash at the end. */
  url;
  /** The one-time code that the start printed; null with --dev or once there is an admin. */
  code = null;

  /** Starts one and ends it with the test. */
  static async start(t, { dev = true, data, roots = [] }) {
    const port = await freePort();
    const server = new Server();
    server.#args = [
      "serve",
      "--data",
      data,
      "--listen",
      `127.0.0.1:${port}`,
      ...(dev ? ["--dev"] : []),
      ...roots.flatMap((root) => ["--media-root", root]),
    ];
    t.after(() => server.kill());
    await server.up();
    return server;
  }

  /** Starts the process and waits until it answers. */
  async up() {
    this.#output = "";
    const child = spawn(BIN, this.#args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: ENV,
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        this.#output += chunk;
      });
    await eventually(
      () => {
        if (child.exitCode !== null) return true;
        return /Headway is at (http:\S+)[\s\S]*\n {2}end /.test(this.#output);
      },
      "the server prints its address",
      START_MS,
    );
    if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${this.#output}`);
    this.url = /Headway is at (http:\S+)/.exec(this.#output)[1].replace(/\/$/, "");
    this.code = /with this code, once: (\S+)/.exec(this.#output)?.[1] ?? null;
    await eventually(async () => (await fetch(`${this.url}/ready`)).ok, "the server is ready", START_MS);
  }

  /** kill -9: no farewell, nothing is written. */
  async kill() {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** One request; the answer's JSON. Throws on a problem document. */
  async api(method, path, body, headers = {}) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        "x-headway": "1",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(method === "POST" ? { "idempotency-key": crypto.randomUUID() } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** Waits until the run is in one of the states; the run. */
  async untilRun(id, states, ms = 60_000) {
    return eventually(
      async () => {
        const record = await this.api("GET", `/runs/${id}`);
        return states.includes(record.state) ? record : null;
      },
      `run ${id} is ${states.join(" or ")}`,
      ms,
    );
  }
}

/** A port that was free a moment ago. A fixed one, since a restart has to be at the same address. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
