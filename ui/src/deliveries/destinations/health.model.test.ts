import { expect, it } from "vitest";
import { sampleDestination } from "../sample";
import { healthOf, undelivered } from "./health.model";

const NOW = 1_000_000;
const BREAKER = { state: "open", failures: 7, reason: null, until: NOW + 4_000 } as const;

it("says the worst thing first, with what to do", () => {
  const problem = { code: "c", message: "bad folder", help: "Give the whole path.", retryable: false };
  const paused = { code: "unauthorized", reason: "401 Unauthorized.", at: 0 };
  const all = sampleDestination({ problem, paused, breaker: BREAKER });
  expect(healthOf(all, NOW)).toMatchObject({ word: "Not usable", why: "bad folder. Give the whole path." });
  expect(healthOf({ ...all, problem: null }, NOW).why).toMatch(/^401 Unauthorized\. Put a fresh secret/);
  expect(healthOf({ ...all, problem: null, paused: null }, NOW)).toMatchObject({
    word: "Breaker open",
    why: "7 failures in a row. Tried again in 4.0 s.",
  });
});

it("a pause that is over is none", () => {
  const limiter = { rate_per_s: 1, in_flight: 0, parallel: 1, paused_until: NOW + 500, remaining: 0 };
  expect(healthOf(sampleDestination({ limiter }), NOW).word).toBe("Throttled");
  expect(healthOf(sampleDestination({ limiter }), NOW + 501)).toMatchObject({ word: "Healthy", why: null });
});

it("what is not done is undelivered", () => {
  expect(undelivered({ done: 5, dead: 1, blocked: 2 })).toBe(3);
});
