import { expect, it } from "vitest";
import type { Session } from "../api";
import { may } from "./session.query";
import { nextPath, passwordFault } from "./signin.model";

it("goes back to a page of this site only", () => {
  expect(nextPath("/runs/1?tab=log")).toBe("/runs/1?tab=log");
  for (const odd of [
    null,
    "",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/sign-in?next=/",
  ]) {
    expect(nextPath(odd)).toBe("/");
  }
});

it("permissions count whole, by resource, or all", () => {
  const session = (...permissions: string[]): Session => ({
    user: { name: "m", role: "viewer" },
    permissions,
    dev: false,
    version: "1",
    epoch: "e",
    features: {},
    apps: [],
  });
  expect(may(session("runs:write"), "runs:write")).toBe(true);
  expect(may(session("runs:*"), "runs:write")).toBe(true);
  expect(may(session("*"), "runs:write")).toBe(true);
  expect(may(session("runs:read"), "runs:write")).toBe(false);
  expect(may(null, "runs:write")).toBe(false);
});

it("a new password is long enough or not there", () => {
  expect(passwordFault("")).toBeNull();
  expect(passwordFault("123456789")).toMatch(/10/);
  expect(passwordFault("ÄÖÜäöüß🙂🙂🙂")).toBeNull();
});
