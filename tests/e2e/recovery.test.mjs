// What is shown survives: a refresh in the middle, a second tab, kill -9 of the server.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connection, figure, launch, Visitor } from "./support/browser.mjs";
import { Server, sample, tempFolder } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

/** Each copied so often, since making pictures takes longer than copying them. */
const PICTURES = 20;
const COPIES = 10;
/** Enough that the middle of a run lasts for seconds. */
const FILES = PICTURES * COPIES;
/** Processed files that count as the middle. */
const BEGUN = 5;
/** Longest time to process all, in milliseconds. */
const ALL_MS = 60_000;

test("recovery", async (t) => {
  const folder = await tempFolder(t);
  const media = await sample(join(folder, "photos"), {
    count: FILES,
    broken: false,
  });
  const server = await Server.start(t, {
    data: join(folder, "data"),
    roots: [media],
  });
  const browser = await launch(t);
  const visitor = await Visitor.come(browser, server);
  const page = await visitor.open("/ingest");
  const stats = async (run) => (await server.api("GET", `/ingest/${run}`)).stats;
  const begun = (run) =>
    eventually(async () => {
      const now = await stats(run);
      return now.processed >= BEGUN && now;
    }, "files are being processed");
  const percent = (tab) =>
    tab.getByRole("progressbar", { name: "Files processed" }).getAttribute("aria-valuenow");

  await visitor.step(t, "a refresh and a second tab show the same in the middle of a run", async () => {
    const { id } = await server.api("POST", "/ingest", {
      directories: [media],
    });
    await visitor.open(`/ingest/${id}?step=process`, page);
    await begun(id);
    await page.getByRole("button", { name: "Pause ingest" }).click();
    await page.getByRole("button", { name: "Resume ingest" }).waitFor();
    const still = await eventually(async () => {
      const [before, run] = [await stats(id), await server.api("GET", `/runs/${id}`)];
      return run.stages.every((stage) => stage.in_flight === 0) && before;
    }, "nothing is in flight");
    assert.ok(still.processed < still.discovered, "it was paused in the middle");
    const agree = (tab) =>
      eventually(
        async () => (await figure(tab, "Processed")) === still.processed,
        "the tab shows the figure",
      );
    await agree(page);
    await page.reload();
    await agree(page);
    const second = await visitor.open(`/ingest/${id}?step=process`);
    await agree(second);
    // The bar follows the figures with a frame of its own: it is the same once both have it.
    await eventually(
      async () => (await percent(page)) === (await percent(second)),
      "a refresh and a second tab show the same progress",
    );
    await connection(second, "live");
    await second.getByRole("button", { name: "Resume ingest" }).click();
    await server.untilRun(id, ["waiting"], ALL_MS);
    for (const tab of [page, second]) {
      await tab.bringToFront();
      await eventually(async () => (await percent(tab)) === "100", "each tab ends at 100 %");
    }
    await second.close();
    await server.api("POST", `/runs/${id}/cancel`, {});
  });

  await visitor.step(
    t,
    "kill -9 in the middle: the page recovers by itself and the run goes on",
    async () => {
      const { id } = await server.api("POST", "/ingest", {
        directories: [media],
      });
      await visitor.open(`/ingest/${id}?step=process`, page);
      await connection(page, "live");
      await page.evaluate(() => {
        window.notReloaded = true;
        window.steps = [];
        const bar = () =>
          document.querySelector('[aria-label="Files processed"]')?.getAttribute("aria-valuenow");
        new MutationObserver(() => window.steps.push(Number(bar() ?? 0))).observe(document.body, {
          subtree: true,
          attributes: true,
          attributeFilter: ["aria-valuenow"],
        });
      });
      const before = await begun(id);
      await server.kill();
      assert.ok(before.processed < FILES, "it was killed in the middle");
      await page.waitForSelector('header [data-connection]:not([data-connection="live"])');
      await server.up();
      await connection(page, "live", 40_000);
      await server.untilRun(id, ["waiting"], ALL_MS);
      await eventually(async () => (await percent(page)) === "100", "the bar ends at 100 %");
      const end = await stats(id);
      assert.equal(end.processed + end.failed + end.skipped, FILES);
      await eventually(
        async () => (await figure(page, "Processed")) === end.processed,
        "the page shows the end",
      );
      assert.equal(await page.evaluate(() => window.notReloaded), true);
      const steps = await page.evaluate(() => window.steps);
      assert.ok(
        steps.every((value, at) => at === 0 || value >= steps[at - 1]),
        `progress went back: ${steps}`,
      );
    },
  );

  await visitor.leave();
});
