// A run's page, the nodes and the palette, on a pipeline of one's own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { connection, launch, Visitor } from "./support/browser.mjs";
import { Server, tempFolder } from "./support/server.mjs";

const ITEMS = 12;
const PIPELINE = `
name: review
title: Review of <b>parts</b>
stages:
  - name: parts
    activity: builtin.range
    params: { count: ${ITEMS} }
  - name: note
    for_each: parts
    activity: builtin.log
    params: { message: "<i>part</i> seen", level: info }
    on_failure: continue
  - name: approve
    needs: [note]
    signal: approve
  - name: break
    needs: [approve]
    activity: builtin.fail
    params: { permanent: true }
    on_failure: continue
`;

test("runs", async (t) => {
  const folder = await tempFolder(t);
  const server = await Server.start(t, { data: join(folder, "data") });
  // The first process of the two that the nodes' page knows.
  await server.kill();
  await server.up();
  const browser = await launch(t);
  const visitor = await Visitor.come(browser, server);
  const run = await server.api("POST", "/runs", {
    document: PIPELINE,
    input: {},
    title: "Parts of <u>May</u>",
  });
  const page = await visitor.open(`/runs/${run.id}`);
  const tab = async (name) => {
    await page.getByRole("tab", { name }).click();
    return page.getByRole("tabpanel");
  };

  await visitor.step(t, "the header says what the run waits for, the breadcrumb its title", async () => {
    await page
      .getByText(/waits for approve/)
      .first()
      .waitFor();
    await connection(page, "live");
    await page.getByRole("navigation", { name: "Breadcrumb" }).getByText("Parts of <u>May</u>").waitFor();
    await page.getByRole("heading", { name: "Parts of <u>May</u>", level: 1 }).waitFor();
  });

  await visitor.step(t, "the signal sent from the page lets it go on, live, to its end", async () => {
    await page.getByRole("button", { name: "Send approve" }).click();
    await page.getByText("Completed with errors").first().waitFor();
    await page.waitForFunction(() => document.querySelector("main dl dd").textContent === "100 %");
    await page.getByText("asked_to_fail").first().waitFor();
  });

  await visitor.step(t, "every tab shows the facts", async () => {
    await (await tab("Timeline")).getByText("note").first().waitFor();
    const items = await tab(/^Items/);
    const table = items.getByRole("table", { name: "Items" }).or(items.getByRole("grid", { name: "Items" }));
    await table.getByRole("row").nth(1).waitFor();
    await items.getByLabel("State").selectOption("failed");
    await page.waitForFunction(
      () => document.querySelectorAll('[role="tabpanel"] [role="row"]').length === 2,
    );
    await table.getByRole("row").nth(1).click();
    await page
      .getByText(/ask for this failure/)
      .first()
      .waitFor();
    await (await tab("Log")).getByText("<i>part</i> seen").first().waitFor();
    await (await tab(/^Events/)).getByText("run.completed").first().waitFor();
    await (await tab("Limits")).waitFor();
    await (await tab("Input and output")).getByText(/input/i).first().waitFor();
    assert.equal(await page.locator("main b, main u, main i, main script").count(), 0);
  });

  await visitor.step(t, "the list of runs filters, and leads to the run", async () => {
    await visitor.open("/runs?state=completed_with_errors", page);
    await page.getByRole("link", { name: "Parts of <u>May</u>" }).waitFor();
    await visitor.open("/runs?state=failed", page);
    await page
      .getByText(/No run/)
      .first()
      .waitFor();
    await visitor.open("/runs?q=May", page);
    await page.getByRole("link", { name: "Parts of <u>May</u>" }).click();
    await page.waitForURL(new RegExp(run.id));
  });

  await visitor.step(t, "a run is cancelled after its effect is told", async () => {
    const other = await server.api("POST", "/runs", {
      document: PIPELINE,
      input: {},
      title: "To cancel",
    });
    await visitor.open(`/runs/${other.id}`, page);
    await page
      .getByText(/waits for approve/)
      .first()
      .waitFor();
    await page
      .getByRole("group", { name: "Actions" })
      .getByRole("button", { name: /^Cancel/ })
      .click();
    await page.getByLabel(/^Reason/).fill("not needed");
    await page.getByRole("button", { name: "Cancel the run" }).click();
    const ended = await server.untilRun(other.id, ["cancelled"]);
    assert.equal(ended.state, "cancelled");
    await page.getByText("Cancelled").first().waitFor();
  });

  await visitor.step(t, "nodes: the store, the worker that serves the page, those that ended", async () => {
    await visitor.open("/nodes", page);
    const nodes = await server.api("GET", "/nodes");
    const [worker, ...others] = nodes.items;
    assert.deepEqual([worker.state, worker.here, nodes.store.kind], ["live", true, "sqlite"]);
    assert.ok(worker.lease_until > worker.heartbeat_at && others.length > 0);
    assert.ok(
      others.every(({ state, here }) => ["ended", "lost"].includes(state) && !here),
      JSON.stringify(others),
    );
    await page.getByText(nodes.store.place).waitFor();
    const table = page.getByRole("table", { name: "Workers" });
    const row = table.getByRole("row").filter({ hasText: "this page" });
    await row.getByText(worker.name, { exact: true }).first().waitFor();
    await row.getByText("Live").waitFor();
    assert.equal(await table.getByText(/Ended|Lost/).count(), 0);
    await page.getByRole("button", { name: /^Ended and lost/ }).click();
    await page.waitForURL(/gone=1/);
    await table.getByText(/Ended|Lost/).first().waitFor();
  });

  await visitor.step(t, "nodes: hardware, a limit that is pinned and let go", async () => {
    await visitor.open("/nodes", page);
    const { cpus_online: online } = await server.api("GET", "/hardware");
    await page.getByText(new RegExp(`of ${online} online`)).waitFor();
    const card = page
      .locator("section")
      .filter({ has: page.getByRole("heading", { level: 2, name: /CPU/ }) })
      .last();
    await card.getByRole("button", { name: "Pin", exact: true }).click();
    await card.getByRole("textbox").fill("1");
    await card.getByRole("button", { name: "Pin", exact: true }).click();
    await card.getByText("Pinned", { exact: true }).waitFor();
    const cpu = (await server.api("GET", "/limits")).items.find((limit) => limit.class === "cpu");
    assert.deepEqual([cpu.pinned, cpu.limit], [true, 1]);
    await card.getByRole("button", { name: /^Unpin/ }).click();
    await card.getByText("Pinned", { exact: true }).waitFor({ state: "detached" });
  });

  await visitor.step(t, "the palette finds a run by its title", async () => {
    await visitor.open("/", page);
    await page.getByRole("button", { name: /^Go to, start, search/ }).click();
    await page.getByRole("combobox").fill("To cancel");
    await page
      .getByRole("option", { name: /To cancel/ })
      .first()
      .click();
    await page.waitForURL(/\/runs\/\w{13}/);
  });

  await visitor.step(t, "the API's own page opens under its policy", async () => {
    await visitor.open("/docs", page);
    await page.getByText("/api/v1/runs").first().waitFor();
  });

  await visitor.leave();
});
