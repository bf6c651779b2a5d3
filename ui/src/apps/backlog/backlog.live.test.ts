import { expect, it } from "vitest";
import type { Event, JsonObject } from "../../api";
import { deliveryChange } from "./backlog.live";

function fact(kind: string, data: JsonObject): Event {
  return { run: "r", run_seq: 1, feed_seq: 1, at: 0, kind, stage: null, key: null, attempt: null, data };
}

it("a fact of a delivery says what changes in its item, and other facts nothing", () => {
  const remote = { id: "4711", url: null };
  expect(deliveryChange(fact("delivery.done", { key: "e1", remote, attempts: 2 }))).toEqual({
    key: "e1",
    delivery: { state: "done", error: null, remote, attempts: 2 },
  });
  expect(deliveryChange(fact("delivery.retrying", { key: "e1", state: "unknown" }))).toEqual({
    key: "e1",
    delivery: { state: "unknown", error: null },
  });
  expect(deliveryChange(fact("delivery.dead", { key: "e1", error: { code: "c" } }))).toMatchObject({
    delivery: { state: "dead", error: { code: "c" } },
  });
  expect(deliveryChange(fact("delivery.staged", { destination: "d", count: 3 }))).toBeNull();
  expect(deliveryChange(fact("task.failed", { key: "e1" }))).toBeNull();
});
