import { describe, expect, it } from "vitest";
import {
  emptyTokenDraft,
  expiresAt,
  grantable,
  groupScopes,
  nameMatches,
  toggleScopes,
  tokenBody,
  tokenStatus,
  validateToken,
} from "./tokens.model";

const NOW = new Date(2026, 5, 15, 12).getTime();
const DAY = 86_400_000;
const good = { ...emptyTokenDraft(), name: " backup script ", scopes: ["runs:write", "runs:read"] };

describe("a new token", () => {
  it("needs a name of its own, an end in the future and a permission", () => {
    expect(validateToken(good, [], NOW)).toEqual({});
    expect(Object.keys(validateToken(emptyTokenDraft(), [], NOW))).toEqual(["name", "scopes"]);
    expect(validateToken(good, ["backup script"], NOW).name).toMatch(/exists/);
    expect(validateToken({ ...good, name: "x".repeat(81) }, [], NOW).name).toMatch(/80/);
  });

  it.each([
    ["", false],
    ["2026-06-14", false],
    ["2026-06-15", true],
    ["2026-02-31", false],
    ["tomorrow", false],
  ])("ends on %j: %s", (date, ok) => {
    expect(validateToken({ ...good, expiry: "date", date }, [], NOW).expiry === undefined).toBe(ok);
  });

  it("is sent trimmed and sorted, with its end as a moment", () => {
    expect(tokenBody(good, NOW)).toEqual({
      name: "backup script",
      expires_at: NOW + 90 * DAY,
      scopes: ["runs:read", "runs:write"],
    });
    expect(expiresAt({ ...good, expiry: "never" }, NOW)).toBeNull();
  });
});

it.each([
  [null, "active"],
  [NOW - 1, "expired"],
  [NOW + DAY, "ends-soon"],
  [NOW + 30 * DAY, "active"],
])("a token that ends at %s is %s", (expires_at, status) => {
  expect(tokenStatus({ expires_at }, NOW)).toBe(status);
});

describe("permissions", () => {
  it("are grouped by what they are about", () => {
    expect(groupScopes(["runs:write", "ingest:write", "runs:read", "runs:read", "admin"])).toEqual([
      { resource: "admin", scopes: ["admin"] },
      { resource: "ingest", scopes: ["ingest:write"] },
      { resource: "runs", scopes: ["runs:read", "runs:write"] },
    ]);
  });

  it("are written out where a word stands for many", () => {
    expect(grantable(["library:*"])).toEqual(["library:read", "library:write"]);
    expect(grantable(["*"]).length).toBeGreaterThan(10);
    expect(grantable(["runs:read", "odd:thing"])).toEqual(["runs:read", "odd:thing"]);
  });

  it("are chosen and left in groups", () => {
    expect(toggleScopes(["a"], ["b", "c"], true)).toEqual(["a", "b", "c"]);
    expect(toggleScopes(["a", "b"], ["b", "z"], false)).toEqual(["a"]);
  });
});

it("asks for the exact name before revoking", () => {
  expect(nameMatches(" ci ", "ci")).toBe(true);
  expect(nameMatches("CI", "ci")).toBe(false);
});
