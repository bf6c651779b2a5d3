// Every page with real data: clean for axe-core in light and dark, no sideways overflow, down to 390 px.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  axe,
  COLOURS,
  connection,
  DARK,
  EVERYTHING,
  LIGHT,
  launch,
  overflow,
  PHONE,
  STRUCTURE,
  Visitor,
} from "./support/browser.mjs";
import { Server, sample, tempFolder } from "./support/server.mjs";

const GOOD_FILES = 16;
const LOOKS = [
  ["light", LIGHT, EVERYTHING],
  ["dark", DARK, COLOURS],
  ["phone", PHONE, STRUCTURE],
];

/** Pages and what says that they are there. */
async function pagesOf(server, media) {
  const committed = await server.api("POST", "/ingest", {
    directories: [media],
    auto_commit: true,
  });
  await server.untilRun(committed.id, ["completed", "completed_with_errors"]);
  const waiting = await server.api("POST", "/ingest", {
    directories: [media],
    skip_existing: false,
  });
  await server.untilRun(waiting.id, ["waiting"]);
  await server.api("POST", "/schedules", {
    name: "nightly",
    cron: "0 3 * * *",
    timezone: "Europe/Berlin",
    pipeline: "ingest",
    input: { directories: [media] },
    enabled: false,
  });
  const [file] = (await server.api("GET", "/library?limit=1")).items;
  const tabs = ["timeline", "items", "log", "events", "limits", "io"];
  const settings = ["appearance", "tokens", "schedules", "config", "backup", "audit", "about"];
  return [
    ["home", "/"],
    ["runs", "/runs"],
    ["runs-none", "/runs?q=nothing-like-this"],
    ...tabs.map((tab) => [`run-${tab}`, `/runs/${committed.id}?tab=${tab}`]),
    ["run-waiting", `/runs/${waiting.id}`],
    ["run-gone", "/runs/0000000000000"],
    ["ingest", "/ingest"],
    ...["configure", "process", "preview", "commit"].map((step) => [
      `ingest-${step}`,
      `/ingest/${waiting.id}?step=${step}`,
    ]),
    ["ingest-table", `/ingest/${waiting.id}?step=preview&view=table`],
    ["ingest-duplicates", `/ingest/${waiting.id}?step=preview&view=duplicates`],
    ["ingest-committed", `/ingest/${committed.id}`],
    ["library", "/library"],
    ["library-panel", `/library?file=${file.id}`],
    ["library-file", `/library/${file.id}`],
    ["nodes", "/nodes"],
    ...settings.map((section) => [`settings-${section}`, `/settings/${section}`]),
    ["not-found", "/nothing/here"],
  ];
}

/** The page's own heading is there, and what it asked for has come. */
async function settled(page) {
  await page.waitForFunction(
    () =>
      document.querySelector("main h1") !== null &&
      document.querySelector('main [aria-busy="true"]') === null &&
      !document.title.startsWith("Loading"),
  );
}

test("every page", async (t) => {
  const folder = await tempFolder(t);
  const media = await sample(join(folder, "photos"), {
    count: GOOD_FILES,
    broken: true,
  });
  const server = await Server.start(t, {
    data: join(folder, "data"),
    roots: [media],
  });
  const browser = await launch(t);
  const pages = await pagesOf(server, media);
  // Pictures of all of them, for those who want to look.
  const shots = process.env.E2E_PAGES;

  for (const [look, options, rules] of LOOKS) {
    const visitor = await Visitor.come(browser, server, options);
    await visitor.step(t, `${look}: axe-core finds nothing, nothing is wider than its place`, async () => {
      const page = await visitor.open("/");
      await connection(page, "live");
      const found = [];
      for (const [name, path] of pages) {
        // Each is loaded by its address once.
        await (look === "light" ? visitor.open(path, page) : visitor.follow(path, page));
        await settled(page);
        for (const text of await axe(page, rules)) found.push(`${name}: ${text}`);
        const wide = await overflow(page);
        if (wide > 0) found.push(`${name}: ${wide} px too wide`);
        if (shots) await page.screenshot({ path: join(shots, `${name}-${look}.png`) });
      }
      assert.deepEqual(found, []);
    });
    await visitor.leave();
  }
});
