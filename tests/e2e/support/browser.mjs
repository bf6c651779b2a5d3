// Chromium, and pages that are watched: what breaks the content security policy, throws or opens a dialog is noted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Where pictures of failures go. */
const SHOTS = process.env.E2E_SHOTS;
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Longest time for one thing to appear, in milliseconds. */
const PATIENCE_MS = 15_000;

export const LIGHT = {
  viewport: { width: 1360, height: 860 },
  colorScheme: "light",
};
export const DARK = { ...LIGHT, colorScheme: "dark" };
export const PHONE = {
  viewport: { width: 390, height: 844 },
  colorScheme: "light",
  hasTouch: true,
};

/** The system's browser; ended with the test. */
export async function launch(t) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
  });
  t.after(() => browser.close());
  return browser;
}

/** A browser's profile: tabs share cookies and the stream. */
export class Visitor {
  complaints = [];

  static async come(browser, server, look = LIGHT) {
    const visitor = new Visitor();
    visitor.server = server;
    visitor.context = await browser.newContext(look);
    visitor.context.setDefaultTimeout(PATIENCE_MS);
    visitor.context.on("weberror", (error) => visitor.complaints.push(`threw: ${error.error().message}`));
    visitor.context.on("console", (message) => {
      if (/content security policy/i.test(message.text())) visitor.complaints.push(message.text());
    });
    visitor.context.on("dialog", (dialog) => {
      visitor.complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    return visitor;
  }

  /** Opens a path in a new tab, or in the given one. */
  async open(path, tab) {
    const page = tab ?? (await this.context.newPage());
    await page.goto(`${this.server.url}${path}`);
    return page;
  }

  /** Goes to a path as a link does, without loading everything again. */
  async follow(path, page) {
    await page.evaluate(
      (to) =>
        new Promise((drawn) => {
          history.pushState(null, "", to);
          requestAnimationFrame(() => requestAnimationFrame(drawn));
        }),
      path,
    );
  }

  /** A part of the test. Where it fails, the tabs are photographed into the folder that E2E_SHOTS names, if any. */
  async step(t, name, act) {
    await t.test(name, async () => {
      try {
        await act();
      } catch (error) {
        for (const [at, page] of this.context.pages().entries())
          if (SHOTS)
            await page.screenshot({
              path: join(SHOTS, `${name.replaceAll(/\W+/g, "-")}-${at}.png`),
            });
        throw error;
      }
    });
  }

  /** Fails where a page threw, broke the policy or opened a dialog. */
  assertCalm() {
    assert.deepEqual(this.complaints, []);
  }

  async leave() {
    await this.context.close();
    this.assertCalm();
  }
}

/** Waits until the page's top line says that the stream is in this state ("live", "reconnecting", …). */
export function connection(page, state, timeout = PATIENCE_MS) {
  return page.waitForSelector(`header [data-connection="${state}"]`, {
    timeout,
  });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_RUN = (
  rules,
) => `axe.run(document, { resultTypes: ["violations"], ...${JSON.stringify(rules)} }).then(
  (answer) => JSON.stringify(answer.violations.map((found) => found.id + ": " + found.nodes.slice(0, 3).map(
    (node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")).join(" | "))))`;

/** All rules. */
export const EVERYTHING = {};
/** What another theme may break. */
export const COLOURS = { runOnly: ["color-contrast", "link-in-text-block"] };
/** What another width may break. */
export const STRUCTURE = { rules: { "color-contrast": { enabled: false } } };

/** What axe-core finds on the page, one line a rule. Through the debugger: the policy takes no foreign script. */
export async function axe(page, rules) {
  const session = await page.context().newCDPSession(page);
  if (!(await page.evaluate(() => "axe" in window)))
    await session.send("Runtime.evaluate", { expression: axeSource });
  const { result } = await session.send("Runtime.evaluate", {
    expression: AXE_RUN(rules),
    awaitPromise: true,
  });
  await session.detach();
  return JSON.parse(result.value);
}

/** How many pixels the page is wider than its window, and its main part than its place. */
export function overflow(page) {
  return page.evaluate(() => {
    const over = (element) => (element === null ? 0 : element.scrollWidth - element.clientWidth);
    return Math.max(over(document.documentElement), over(document.querySelector("main")));
  });
}

/** The value of the card with this label, as a number. */
export async function figure(page, label) {
  const text = await page.evaluate((wanted) => {
    for (const card of document.querySelectorAll('section[aria-label="Figures"] > div > div'))
      if (card.children[0]?.textContent === wanted) return card.children[1]?.textContent ?? null;
    return null;
  }, label);
  return text === null ? null : Number(text.replaceAll(/\D/g, ""));
}

const LOOKS = [
  ["light", LIGHT, EVERYTHING],
  ["dark", DARK, COLOURS],
  ["phone", PHONE, STRUCTURE],
];
/** Where pictures of all pages go, for those who want to look. */
const PAGES = process.env.E2E_PAGES;

/** The page's own heading is there, and what it asked for has come. */
export async function settled(page) {
  await page.waitForFunction(
    () =>
      document.querySelector("main h1") !== null &&
      document.querySelector('main [aria-busy="true"]') === null &&
      !document.title.startsWith("Loading"),
  );
}

/** Opens each page (`[name, path]`) in each look: axe-core finds nothing, and nothing is wider than its place. */
export async function auditPages(t, browser, server, pages) {
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
        if (PAGES) await page.screenshot({ path: join(PAGES, `${name}-${look}.png`) });
      }
      assert.deepEqual(found, []);
    });
    await visitor.leave();
  }
}
