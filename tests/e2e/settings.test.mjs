// Settings: a token is shown once, works until it is revoked; the look is kept.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { launch, Visitor } from "./support/browser.mjs";
import { Server, tempFolder } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

test("settings", async (t) => {
  const folder = await tempFolder(t);
  const server = await Server.start(t, {
    dev: false,
    data: join(folder, "data"),
  });
  const browser = await launch(t);
  const visitor = await Visitor.come(browser, server);
  const page = await visitor.open(`/sign-in?code=${encodeURIComponent(server.code)}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1 }).getByText("Home").waitFor();
  const status = async (path, secret) =>
    (
      await fetch(`${server.url}/api/v1${path}`, {
        headers: { authorization: `Bearer ${secret}` },
      })
    ).status;
  let secret = "";

  await visitor.step(t, "a token is created and shown once", async () => {
    await visitor.open("/settings/tokens", page);
    await page.getByLabel("Name", { exact: true }).fill("ci <b>reader</b>");
    await page.getByRole("checkbox", { name: "runs:read" }).check();
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByText("This is the only time it is shown.").waitFor();
    secret = await page
      .locator("form code")
      .filter({ hasText: /^\w{20,}/ })
      .first()
      .textContent();
    assert.equal(await status("/runs", secret), 200);
    assert.equal(await status("/settings", secret), 403, "its scopes hold");
    await page.reload();
    await page.getByRole("table", { name: "Access tokens" }).getByText("ci <b>reader</b>").waitFor();
    assert.ok(!(await page.content()).includes(secret), "a reload does not show it again");
  });

  await visitor.step(t, "a revoked token is refused", async () => {
    await page.getByRole("button", { name: "Revoke ci <b>reader</b>" }).click();
    await page.getByRole("textbox", { name: /^Type/ }).fill("ci <b>reader</b>");
    await page.getByRole("button", { name: "Revoke token" }).click();
    await page.getByText("revoked.").waitFor();
    await eventually(async () => (await status("/runs", secret)) === 401, "the token is refused");
  });

  await visitor.step(t, "the look is kept over a reload", async () => {
    await visitor.open("/settings/appearance", page);
    await page.getByRole("radio", { name: /^Dark/ }).check();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.reload();
    await page.getByRole("radio", { name: /^Dark/ }).waitFor();
    assert.equal(await ground(), dark);
    await page.getByRole("radio", { name: /^Light/ }).check();
    assert.notEqual(await ground(), dark);
  });

  await visitor.step(t, "a backup is written, and stands in the audit log", async () => {
    await visitor.open("/settings/backup", page);
    await page.getByRole("button", { name: /back.?up/i }).click();
    await page
      .getByText(/sha-?256/i)
      .first()
      .waitFor();
    await visitor.open("/settings/audit", page);
    await page
      .getByText(/backup/)
      .first()
      .waitFor();
  });

  await visitor.leave();
});
