// Waiting for conditions; nothing here or in the tests waits for a fixed time.

/** Between two looks, in milliseconds. */
const LOOK_MS = 40;

/** Waits until `check` answers with something truthy, and answers with it; a failing check is tried again. */
export async function eventually(check, what, ms = 10_000) {
  const until = Date.now() + ms;
  let last = null;
  for (;;) {
    try {
      const found = await check();
      if (found) return found;
      last = null;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until)
      throw new Error(`${what}: not within ${ms} ms${last ? ` (${last.message})` : ""}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
