import { expect, it } from "vitest";
import type { Worker } from "../api";
import { shown, summary } from "./workers.model";

const worker = (id: string, state: Worker["state"], held = 0): Worker => ({
  id,
  name: id,
  pid: 1,
  host: "h",
  started_at: 0,
  heartbeat_at: 0,
  lease_until: 0,
  state,
  held,
  here: false,
  version: "0.1.0",
});

const WORKERS = [
  worker("a", "live", 6),
  worker("b", "live"),
  worker("c", "draining", 1),
  worker("d", "lost", 2),
  worker("e", "lost"),
  worker("f", "ended"),
];

it("leaves out workers that are gone and hold nothing, unless asked for", () => {
  expect(shown(WORKERS, false).map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
  expect(shown(WORKERS, true)).toBe(WORKERS);
});

it("says how many there are of each state", () => {
  expect(summary(WORKERS)).toBe("2 live, 1 draining, 1 lost");
  expect(summary([worker("f", "ended")])).toBe("none is there");
});
