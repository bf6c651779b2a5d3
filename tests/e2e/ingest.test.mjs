// The way of an ingest through the page: configure, process, preview, commit, library.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { connection, figure, launch, Visitor } from "./support/browser.mjs";
import { Server, sample, tempFolder } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

/** Good files; the sample adds seventeen broken ones. */
const GOOD_FILES = 24;
const HOSTILE = "<img src=x onerror=alert(1)>.jpg";

test("an ingest from the form to the library", async (t) => {
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
  const visitor = await Visitor.come(browser, server);
  const page = await visitor.open("/ingest");
  let run = "";
  let stats = null;
  let excluded = "";
  let committed = 0;

  await visitor.step(t, "configure: the form checks, browses and starts", async () => {
    await page.getByRole("button", { name: "Start ingest" }).click();
    await page.getByText("Choose at least one folder to read.").waitFor();
    const browserPart = page.getByRole("region", { name: "Folder browser" });
    await browserPart.getByRole("button", { name: /photos/ }).click();
    await browserPart.getByRole("button", { name: /broken/ }).waitFor();
    await page.getByLabel("Folders", { exact: true }).fill("/etc");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Start ingest" }).click();
    await page.getByText("The ingest was not started").waitFor();
    await page.getByRole("button", { name: "Remove /etc" }).click();
    await browserPart.getByRole("button", { name: "Choose this folder" }).click();
    await page.getByRole("button", { name: "Start ingest" }).click();
    await page.waitForURL(/\/ingest\/[0-9a-z]{13}\?step=process/);
    run = new URL(page.url()).pathname.split("/")[2];
  });

  await visitor.step(
    t,
    "process: figures are the server's, the bar ends at 100, errors are shown",
    async () => {
      await connection(page, "live");
      await server.untilRun(run, ["waiting"]);
      const bar = page.getByRole("progressbar", { name: "Files processed" });
      await page.waitForFunction(
        () =>
          document.querySelector('[aria-label="Files processed"]')?.getAttribute("aria-valuenow") === "100",
      );
      assert.equal(await bar.getAttribute("aria-valuenow"), "100");
      await page.getByText("100 %", { exact: true }).first().waitFor();
      ({ stats } = await server.api("GET", `/ingest/${run}`));
      assert.ok(
        stats.failed > 0 && stats.errors >= stats.failed && stats.metadata > 0,
        JSON.stringify(stats),
      );
      assert.equal(stats.processed + stats.failed + stats.skipped, stats.discovered);
      for (const [label, value] of [
        ["Processed", stats.processed],
        ["Metadata", stats.metadata],
        ["Keywords", stats.keywords],
        ["Scores", stats.scores],
        ["Errors", stats.errors],
        ["Failed", stats.failed],
      ])
        await eventually(async () => (await figure(page, label)) === value, `${label} is ${value}`);
      await page.getByRole("heading", { name: `Errors (${stats.errors})` }).waitFor();
      await page.getByText("truncated.png").first().waitFor();
    },
  );

  await visitor.step(t, "preview: files with hostile names are text, one is excluded", async () => {
    await page.getByRole("link", { name: /Preview/ }).click();
    const grid = page.getByRole("grid", { name: /Files of this ingest/ });
    await grid.getByRole("gridcell").first().waitFor();
    await page
      .getByRole("searchbox")
      .or(page.getByLabel(/Search names/))
      .first()
      .fill("onerror");
    await grid.getByText(HOSTILE).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('[role="gridcell"]').length === 1);
    await grid.getByRole("gridcell").first().click();
    const panel = page.getByRole("complementary", { name: HOSTILE }).or(page.getByRole("dialog"));
    await panel.getByText(HOSTILE).first().waitFor();
    excluded = new URL(page.url()).searchParams.get("file");
    assert.equal(await page.locator("img[onerror], main script").count(), 0);
    await page.getByRole("button", { name: "Exclude this file" }).click();
    await page.getByRole("button", { name: "Include this file" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Include this file" }).waitFor();
    visitor.assertCalm();
  });

  await visitor.step(t, "preview: duplicates are grouped, a thumbnail is really a picture", async () => {
    await visitor.open(`/ingest/${run}?step=preview&view=duplicates`, page);
    await page.getByText("Same bytes").first().waitFor();
    await page.getByText("Near duplicates").first().waitFor();
    await visitor.open(`/ingest/${run}?step=preview`, page);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[role="gridcell"] img')].some((img) => img.naturalWidth > 0),
    );
  });

  await visitor.step(t, "commit: what was left goes into the library, and is told", async () => {
    committed = stats.processed - 1;
    await page.getByRole("button", { name: `Commit ${committed} files` }).click();
    await page.waitForURL(/step=commit/);
    await page.getByText(`${committed} files in the library`).waitFor();
    const record = await server.untilRun(run, ["completed", "completed_with_errors"]);
    assert.equal(record.state, "completed_with_errors");
    assert.equal(record.figures.percent, 100);
    assert.equal((await server.api("GET", "/library")).total, committed);
  });

  await visitor.step(t, "library: all but the excluded file, searched by keyword", async () => {
    await page.getByRole("link", { name: "Open the library" }).click();
    await page.getByRole("status").getByText(`${committed} files`).waitFor();
    const { items } = await server.api("GET", "/library?limit=200");
    assert.ok(!items.some((file) => file.name === HOSTILE), "the excluded file stays out");
    assert.ok(excluded, "the excluded file has a key");
    const { keywords } = await server.api("GET", "/library/facets");
    const word = keywords.find((each) => each.count < committed && /^[a-z]{4,}$/.test(each.keyword)).keyword;
    const { total } = await server.api("GET", `/library?q=${word}`);
    assert.ok(total > 0 && total < committed, `${word}: ${total}`);
    await page
      .getByLabel(/Search/)
      .first()
      .fill(word);
    await page.waitForURL(new RegExp(`q=${word}`));
    await page
      .getByRole("status")
      .getByText(new RegExp(`^${total} files?$`))
      .waitFor();
  });

  await visitor.step(t, "library: a rating is kept over a reload", async () => {
    await page.getByRole("grid", { name: "Library" }).getByRole("gridcell").first().click();
    await page.getByRole("button", { name: "Rate 4 of 5" }).click();
    await page.getByRole("button", { name: "Rate 4 of 5", pressed: true }).waitFor();
    const id = new URL(page.url()).searchParams.get("file");
    await eventually(
      async () => (await server.api("GET", `/library/${id}`)).score === 4,
      "the server has the score",
    );
    await page.reload();
    await page.getByRole("button", { name: "Rate 4 of 5", pressed: true }).waitFor();
    await page.getByRole("link", { name: "Open the original" }).click();
    await page.waitForURL(/\/library\/[^?]/);
    await page.waitForFunction(() => {
      const picture = document.querySelector("main img");
      return picture !== null && picture.naturalWidth > 0;
    });
  });

  await visitor.step(t, "a second ingest of the same folder skips what the library has", async () => {
    const again = await server.api("POST", "/ingest", {
      directories: [media],
    });
    await visitor.open(`/ingest/${again.id}?step=process`, page);
    await server.untilRun(again.id, ["waiting", "completed", "completed_with_errors"]);
    await eventually(
      async () => ((await figure(page, "Skipped")) ?? 0) >= committed,
      "the files are skipped",
    );
  });

  await visitor.leave();
});
