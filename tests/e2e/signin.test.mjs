// Signing in without --dev: the code that the start prints works once, and leads back to where one wanted to go.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { connection, launch, Visitor } from "./support/browser.mjs";
import { Server, tempFolder } from "./support/server.mjs";

const PASSWORD = "a long enough one";

async function useCode(page, code) {
  await page.getByRole("tab", { name: "One-time code" }).click();
  await page.getByRole("textbox", { name: "Code" }).fill(code);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("sign-in with the one-time code", async (t) => {
  const folder = await tempFolder(t);
  const server = await Server.start(t, {
    dev: false,
    data: join(folder, "data"),
  });
  const browser = await launch(t);
  assert.ok(server.code, "the start prints a code");
  const owner = await Visitor.come(browser, server);

  await owner.step(
    t,
    "a page asks for sign-in, refuses a wrong code, takes the right one and goes on",
    async () => {
      const page = await owner.open("/nodes");
      await page.waitForURL(/\/sign-in\?next=%2Fnodes/);
      await useCode(page, "0000-0000-0000");
      await page.getByRole("alert").getByText("That did not work").waitFor();
      await page.getByLabel("Password for next time").fill(PASSWORD);
      await useCode(page, server.code);
      await page.waitForURL(/\/nodes$/);
      await page.getByRole("heading", { name: "Nodes", level: 1 }).waitFor();
      await connection(page, "live");
    },
  );

  await owner.step(t, "the session is kept by the browser, out of reach of scripts", async () => {
    const page = await owner.open("/settings/tokens");
    await page.getByRole("heading", { name: "Access tokens" }).waitFor();
    assert.equal(await page.evaluate(() => document.cookie), "");
    const [cookie] = await owner.context.cookies();
    assert.equal(cookie.httpOnly, true);
  });

  await owner.step(t, "the same code does not work a second time", async () => {
    const other = await Visitor.come(browser, server);
    const page = await other.open("/");
    await page.waitForURL(/\/sign-in/);
    await useCode(page, server.code);
    await page.getByRole("alert").getByText("That did not work").waitFor();
    assert.match(page.url(), /\/sign-in/);
    assert.equal((await page.request.get(`${server.url}/api/v1/runs`)).status(), 401);
    await other.leave();
  });

  await owner.step(t, "signing out ends the session; the password that was set begins another", async () => {
    const page = await owner.open("/");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in/);
    assert.equal((await page.request.get(`${server.url}/api/v1/runs`)).status(), 401);
    await page.getByRole("tab", { name: "User and password" }).click();
    await page.getByRole("textbox", { name: "User" }).fill("admin");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await owner.leave();
  });
});
