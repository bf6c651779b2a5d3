// Every page with real data: clean for axe-core in light and dark, no sideways overflow, down to 390 px.
import { join } from "node:path";
import { test } from "node:test";
import { auditPages, launch } from "./support/browser.mjs";
import { Server, sample, tempFolder } from "./support/server.mjs";

const GOOD_FILES = 16;
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
  await auditPages(t, browser, server, pages);
});
