// Deliveries that are refused: seen, understood, replayed; destinations paused and resumed; and all these pages clean.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { auditPages, connection, launch, Visitor } from "./support/browser.mjs";
import { receiver } from "./support/receiver.mjs";
import { Server, tempFolder } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

const KEY = Buffer.from("a key of the test, long enough").toString("base64");
const WORDS = "no stories on a Sunday";
const VISION = `# Press portal

Customers approve proofs without a phone call.

## Proofing online
- Show a proof page by page
- Mark a place and write what is wrong there

## Planning the presses
- Plan jobs on presses by day
`;
const SIZE = { epics: 1, features: 2, stories: 1, tasks: 1, tests: 1 };

/** Starts a backlog that goes to the webhook without asking. */
function start(server) {
  return server.api("POST", "/backlog", {
    vision: VISION,
    to: "hooks",
    size: SIZE,
    author: "outline",
    review: false,
  });
}

const isStory = (body) => /"story"/.test(body);

test("refused deliveries", async (t) => {
  const folder = await tempFolder(t);
  const hooks = await receiver(t, (body) => (isStory(body) ? WORDS : null));
  const server = await Server.start(t, { data: join(folder, "data") });
  await server.api("POST", "/destinations", {
    name: "hooks",
    kind: "webhook",
    settings: { url: hooks.url },
    secret: `whsec_${KEY}`,
  });
  const run = await start(server);
  const summary = () => server.api("GET", `/deliveries/summary?run=${run.id}`);
  const { by_state: states } = await eventually(
    async () => {
      const found = await summary();
      const { dead = 0, pending = 0, leased = 0 } = found.by_state;
      return dead > 0 && pending + leased === 0 ? found : null;
    },
    "the stories are refused and nothing else can be sent",
    60_000,
  );
  const browser = await launch(t);
  const visitor = await Visitor.come(browser, server);
  const page = await visitor.open("/deliveries");

  await visitor.step(t, "the reason stands there in the receiver's words", async () => {
    await connection(page, "live");
    const reasons = page.getByRole("region", { name: "Reasons" });
    await reasons.getByText(WORDS).waitFor();
    await reasons.getByRole("button", { name: "Show these" }).first().click();
    await page.waitForURL(/reason=/);
    const table = page.getByRole("table", { name: "Deliveries" });
    await eventually(
      async () => Number(await table.getAttribute("aria-rowcount")) === states.dead + 1,
      `${states.dead} deliveries are listed`,
    );
    await page.reload();
    await table.getByText(WORDS).first().waitFor();
  });

  await visitor.step(t, "one of them shows what would be sent, and never the key", async () => {
    await page.getByRole("table", { name: "Deliveries" }).getByRole("button").first().click();
    const panel = page.getByRole("complementary");
    await panel.getByText(hooks.url).waitFor();
    await panel.getByText(WORDS).waitFor();
    await panel.getByRole("tab", { name: "What was staged" }).click();
    await panel.getByText('"story"').first().waitFor();
    assert.ok(!(await page.content()).includes(KEY), "the key is nowhere in the page");
    await page.getByRole("button", { name: "Close panel" }).click();
  });

  await visitor.step(t, "a paused destination says why, and takes nothing until it is resumed", async () => {
    await visitor.open("/destinations?name=hooks", page);
    await page.getByRole("button", { name: "Pause…" }).click();
    await page.getByLabel("Reason (shown to everybody)").fill("the receiver moves");
    await page.getByRole("button", { name: "Pause it" }).click();
    await page.getByText("the receiver moves").waitFor();
    assert.equal((await server.api("GET", "/destinations/hooks")).paused.reason, "the receiver moves");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("the receiver moves").waitFor({ state: "detached" });
    assert.equal((await server.api("GET", "/destinations/hooks")).paused, null);
  });

  await visitor.step(t, "a replay says what it will do, then all of it arrives once", async () => {
    hooks.refuse = () => null;
    await visitor.open(`/deliveries?run=${run.id}&state=dead`, page);
    await page.getByRole("button", { name: "Replay all that pass the filters" }).click();
    await page.getByText(/put back in line with fresh attempts/).waitFor();
    assert.equal((await summary()).by_state.dead, states.dead, "asking changes nothing");
    await page.getByRole("button", { name: /^Replay \d+ deliver/ }).click();
    const record = await server.untilRun(run.id, ["completed"]);
    assert.equal(record.deliveries.done, record.deliveries.staged);
    await page.getByText("No delivery passes these filters").waitFor();
    await visitor.open(`/runs/${run.id}`, page);
    await page.getByText(`${record.deliveries.staged} of ${record.deliveries.staged} there`).waitFor();
    const ids = hooks.taken.map((each) => each.id);
    assert.equal(ids.length, record.deliveries.staged);
    assert.equal(new Set(ids).size, ids.length, "none was taken twice");
  });
  await visitor.leave();

  hooks.refuse = (body) => (isStory(body) ? WORDS : null);
  const second = await start(server);
  await eventually(
    async () => ((await server.api("GET", `/deliveries/summary?run=${second.id}`)).by_state.dead ?? 0) > 0,
    "something is dead again",
    60_000,
  );
  const waiting = await server.api("POST", "/backlog", {
    vision: VISION,
    to: "hooks",
    size: SIZE,
    author: "outline",
  });
  await server.untilRun(waiting.id, ["waiting"]);
  const [dead] = (await server.api("GET", `/deliveries?run=${second.id}&state=dead&limit=1`)).items;
  const [item] = (await server.api("GET", `/backlog/${waiting.id}/items?limit=1`)).items;
  await auditPages(t, browser, server, [
    ["deliveries", "/deliveries"],
    ["deliveries-dead", "/deliveries?state=dead"],
    ["deliveries-none", "/deliveries?q=nothing-like-this"],
    ["delivery", `/deliveries?delivery=${dead.id}`],
    ["destinations", "/destinations"],
    ["destination-new", "/destinations?new=1"],
    ["destination-edit", "/destinations?edit=hooks"],
    ["backlog", "/backlog"],
    ["backlog-review", `/backlog/${waiting.id}`],
    ["backlog-item", `/backlog/${waiting.id}?item=${encodeURIComponent(item.key)}`],
    ["backlog-dry-run", `/backlog/${waiting.id}?tab=dry-run`],
    ["backlog-vision", `/backlog/${waiting.id}?tab=vision`],
    ["backlog-sent", `/backlog/${second.id}`],
    ["run-deliveries", `/runs/${second.id}`],
  ]);
});
