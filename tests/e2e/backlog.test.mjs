// The way of a backlog through the page: destination, vision, review, approval, and the files that come of it.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connection, launch, Visitor } from "./support/browser.mjs";
import { Server, tempFolder } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

const MINE = "Everything about proofs, renamed by hand";
const NUMBERS = [
  ["Epics", "2"],
  ["Features an epic", "2"],
  ["Stories a feature", "2"],
  ["Tasks a story", "1"],
  ["Test cases a story", "1"],
];

/** The text of all files below a folder. */
async function textBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
}

test("a backlog from the vision to the files", async (t) => {
  const folder = await tempFolder(t);
  const out = join(folder, "out");
  const server = await Server.start(t, { data: join(folder, "data") });
  const browser = await launch(t);
  const visitor = await Visitor.come(browser, server);
  const page = await visitor.open("/destinations");
  const tree = page.getByRole("tree", { name: "Items of the backlog" });
  let run = "";
  let items = [];
  let excluded = null;

  await visitor.step(t, "a files destination is added and answers", async () => {
    await page.getByRole("button", { name: "Add a destination" }).click();
    await page.getByLabel("Kind").selectOption("files");
    await page.getByLabel("Name", { exact: true }).fill("export");
    await page.getByLabel("Folder").fill(out);
    await page.getByRole("button", { name: "Add destination" }).click();
    await page.getByText("Healthy").waitFor();
    await page.getByRole("button", { name: "Test connection" }).click();
    await page.getByText("The connection works").waitFor();
  });

  await visitor.step(t, "the form checks, takes the example and starts", async () => {
    await visitor.open("/backlog", page);
    await page.getByRole("button", { name: "Write the backlog" }).click();
    await page.getByText("Write the vision, drop a file on the field, or take the example.").waitFor();
    await page.getByRole("button", { name: "Use the example" }).click();
    await page.getByLabel("Destination").selectOption("export");
    await page.getByLabel("Author").selectOption("outline");
    await page.getByRole("radio", { name: /Numbers of my own/ }).check();
    for (const [label, value] of NUMBERS) await page.getByLabel(label).fill(value);
    await page.reload();
    assert.match(
      await page.getByLabel("Product vision").inputValue(),
      /^# /,
      "what was typed outlives a reload",
    );
    await page.getByRole("button", { name: "Write the backlog" }).click();
    await page.waitForURL(/\/backlog\/[0-9a-z]{13}$/);
    run = new URL(page.url()).pathname.split("/")[2];
  });

  await visitor.step(t, "the tree is there, with what the server says", async () => {
    await connection(page, "live");
    await server.untilRun(run, ["waiting"]);
    await page.getByText("Ready for your review").waitFor();
    items = (await server.api("GET", `/backlog/${run}/items?limit=500`)).items;
    assert.ok(items.length > 2, `${items.length} items were written`);
    assert.equal(new Set(items.map((item) => item.key)).size, items.length);
    await page.getByRole("button", { name: "Open all" }).click();
    await page.getByRole("status").getByText(`${items.length} items`, { exact: true }).waitFor();
    // Only what is in sight is in the page: the keyboard brings the last one there.
    await tree.focus();
    await page.keyboard.press("End");
    await tree.getByText(items.at(-1).item.title).last().waitFor();
    const { stats } = await server.api("GET", `/backlog/${run}`);
    assert.equal(
      stats.epics + stats.features + stats.stories + stats.tasks + stats.test_cases,
      items.length,
      JSON.stringify(stats),
    );
  });

  await visitor.step(t, "an item is found by keyboard, edited and kept", async () => {
    await tree.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await page.waitForURL(/item=/);
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Title", { exact: true }).fill(MINE);
    await page.getByRole("button", { name: "Save" }).click();
    await tree.getByText(MINE).waitFor();
    await page.reload();
    await tree.getByText(MINE).waitFor();
    const [first] = (await server.api("GET", `/backlog/${run}/items?limit=1`)).items;
    assert.equal(first.item.title, MINE);
    assert.ok(first.edited, "the item says that it was edited");
  });

  await visitor.step(t, "a leaf is excluded, the dry run has all others", async () => {
    excluded = items.filter((item) => item.children === 0).at(-1);
    await visitor.open(`/backlog/${run}?item=${encodeURIComponent(excluded.key)}`, page);
    await page.getByRole("button", { name: "Exclude" }).click();
    await page.getByRole("button", { name: "Include" }).waitFor();
    await page.getByRole("button", { name: "Close panel" }).click();
    await page.getByRole("button", { name: "See what would be sent" }).click();
    await page.getByRole("table", { name: "What would be sent" }).getByText(MINE).waitFor();
    const dry = await server.api("GET", `/backlog/${run}/dry-run?limit=500`);
    assert.equal(dry.items.length, items.length - 1);
    assert.ok(!dry.items.some((item) => item.key === excluded.key), "the excluded item stays here");
  });

  await visitor.step(t, "approved, all of it arrives, and is told", async () => {
    const sent = items.length - 1;
    await page.getByRole("button", { name: `Approve and send ${sent} items` }).click();
    const record = await server.untilRun(run, ["completed", "completed_with_errors"]);
    assert.equal(record.state, "completed");
    assert.deepEqual(record.deliveries, { staged: sent, done: sent, dead: 0, unsent: 0 });
    await page.getByText(`${sent} of ${sent} there`).waitFor();
    await page.getByRole("tab", { name: /Items/ }).click();
    await tree.getByText("Done", { exact: true }).first().waitFor();
    const written = await textBelow(out);
    assert.ok(written.includes(MINE), "the files have the edited title");
    assert.ok(!written.includes(excluded.key), "the files do not have the excluded item");
  });

  await visitor.step(t, "what is there cannot be edited here; exports have it", async () => {
    await visitor.open(`/backlog/${run}?item=${encodeURIComponent(items[0].key)}`, page);
    await page.getByText("It is at the destination: change it there.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Edit" }).count(), 0);
    for (const format of ["csv", "json", "markdown"]) {
      const answer = await fetch(`${server.url}/api/v1/backlog/${run}/export?format=${format}`);
      assert.ok(answer.ok, `${format}: ${answer.status}`);
      assert.match(answer.headers.get("content-disposition") ?? "", /^attachment/);
      assert.ok((await answer.text()).includes(MINE), format);
    }
  });

  await visitor.step(t, "a restart changes nothing of it", async () => {
    await server.kill();
    await server.up();
    await visitor.open(`/backlog/${run}`, page);
    await connection(page, "live");
    await tree.getByText(MINE).waitFor();
    await page.getByText(`${items.length - 1} of ${items.length - 1} there`).waitFor();
  });

  await visitor.leave();
});
