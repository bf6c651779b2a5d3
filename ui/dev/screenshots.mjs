// Pictures of every page: light, dark, and 390 px wide, against the mock and the built dashboard.
//   node dev/screenshots.mjs [folder] [name…]     default folder: /tmp/headway-ui
// Fails when a page throws, logs an error, breaks the content security policy, or overflows sideways.
import { mkdirSync } from "node:fs";
import { launch } from "./browser.mjs";
import { startMock } from "./mock-server.mjs";

const [folder = "/tmp/headway-ui", ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const mock = await startMock({ speed: 1, serveStatic: true });
const base = `http://127.0.0.1:${mock.port}`;
const find = (title) =>
  [...mock.world.runs.values()].find((record) => record.run.title.includes(title)).run.id;
const running = find("Generated, November");
const waiting = find("Phone camera roll");
const failed = [...mock.world.runs.values()].find(
  ({ run }) => run.state === "failed" && run.title.startsWith("Nightly"),
).run.id;
const dead = [...mock.world.outbox.deliveries.values()].find(({ state }) => state === "dead").id;
const written = find("Proofing online");
const review = find("Customer portal");
const sent = find("Press portal, first cut");
const PAGES = [
  ["home", "/"],
  ["runs", "/runs"],
  ["runs-empty", "/runs?q=nothing-like-this"],
  ["run-timeline", `/runs/${running}`],
  ["run-failed", `/runs/${failed}`],
  ["run-waiting", `/runs/${waiting}?tab=io`],
  ["run-items", `/runs/${running}?tab=items`],
  ["run-item", `/runs/${failed}?tab=items&state=failed&item=render%2Fpage-0004`],
  ["run-log", `/runs/${mock.world.bigLog}?tab=log`],
  ["run-events", `/runs/${running}?tab=events`],
  ["run-limits", `/runs/${running}?tab=limits`],
  ["nodes", "/nodes"],
  ["sign-in", "/sign-in"],
  ["not-found", "/nothing/here"],
  ["ingest", "/ingest"],
  ["ingest-run", `/ingest/${running}`],
  ["ingest-preview", `/ingest/${waiting}`],
  ["library", "/library"],
  ["settings", "/settings"],
  ["backlog", "/backlog"],
  ["backlog-run", `/backlog/${written}`],
  ["backlog-review", `/backlog/${review}?item=e1%2Ff1%2Fs2`],
  ["backlog-sent", `/backlog/${sent}?q=a`],
  ["backlog-dry-run", `/backlog/${review}?tab=dry-run`],
  ["run-deliveries", `/runs/${sent}`],
  ["deliveries", "/deliveries"],
  ["deliveries-dead", "/deliveries?state=dead&destination=press-azure"],
  ["delivery", `/deliveries?state=dead&delivery=${dead}`],
  ["destinations", "/destinations"],
  ["destination-new", "/destinations?new=1"],
];
const LOOKS = [
  ["light", { viewport: { width: 1360, height: 860 }, colorScheme: "light" }],
  ["dark", { viewport: { width: 1360, height: 860 }, colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true, isMobile: true }],
];

const browser = await launch();
const complaints = [];
for (const [look, options] of LOOKS) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  let where = "";
  page.on(
    "console",
    (message) => message.type() === "error" && complaints.push(`${where}: ${message.text()}`),
  );
  page.on("pageerror", (error) => complaints.push(`${where}: ${error.message}`));
  for (const [name, path] of PAGES) {
    if (only.length > 0 && !only.includes(name)) continue;
    where = `${look} ${name}`;
    mock.options.auth = name === "sign-in";
    await page.goto(`${base}${path}`);
    await page.waitForLoadState("load");
    await page.waitForTimeout(1500);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (wide > 0) complaints.push(`${where}: ${wide} px wider than the screen`);
    const inner = await page.evaluate(() => {
      const main = document.querySelector("main");
      return main ? main.scrollWidth - main.clientWidth : 0;
    });
    if (inner > 0) complaints.push(`${where}: main is ${inner} px wider than its place`);
    await page.screenshot({ path: `${folder}/${name}-${look}.png` });
  }
  await context.close();
}
await browser.close();
mock.close();
const real = complaints.filter((text) => !/sign-in: Failed to load resource.*401/.test(text));
for (const text of real) console.error(text);
console.log(`${folder}: done, ${real.length} complaints`);
process.exit(real.length > 0 ? 1 : 0);
