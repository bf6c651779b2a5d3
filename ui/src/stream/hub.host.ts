import { Hub } from "./hub";
import type { FromHub } from "./protocol";

/** A hub in the surroundings of a window or a worker. */
export function createHub(emit: (message: FromHub) => void): Hub {
  return new Hub({
    fetch: (input, init) => fetch(input, init),
    now: () => Date.now(),
    random: () => Math.random(),
    isOnline: () => navigator.onLine,
    setTimeout: (act, ms) => Number(setTimeout(act, ms)),
    clearTimeout: (timer) => clearTimeout(timer),
    emit,
  });
}
