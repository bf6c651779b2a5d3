// The dashboard's types were generated from this binary's OpenAPI document.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { mark } from "../../ui/openapi/schemas.mjs";
import { Server, tempFolder } from "./support/server.mjs";

const GENERATED = new URL("../../ui/src/api/openapi.ts", import.meta.url);

test("the dashboard's generated types are this server's", async (t) => {
  const folder = await tempFolder(t);
  const server = await Server.start(t, { data: join(folder, "data") });
  const kept = /^\/\/ shapes: (\w+)$/m.exec(await readFile(GENERATED, "utf8"))?.[1];
  const document = await server.api("GET", "/openapi.json");
  assert.equal(
    kept,
    mark(document),
    "the server's shapes have changed: run `npm run openapi -- ADDRESS` in ui, then mend what `npm run check` names",
  );
});
