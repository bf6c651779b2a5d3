import { describe, expect, it } from "vitest";
import {
  filterQuery,
  isFiltered,
  moving,
  parseFilter,
  replayOfFilter,
  total,
  unsettledRuns,
} from "./filters.model";
import { sampleDelivery } from "./sample";

const parse = (query: string) => parseFilter(new URLSearchParams(query));

describe("the filters in the URL", () => {
  it("are read, and what they do not know is left out", () => {
    const filter = parse("state=dead,gone,retry&destination=tracker&run=r1&kind=epic&reason=x.y&q=a+b");
    expect(filter).toEqual({
      states: ["dead", "retry"],
      destination: "tracker",
      run: "r1",
      kind: "epic",
      reason: "x.y",
      q: "a b",
    });
    expect(filterQuery(filter)).toMatchObject({ state: ["dead", "retry"], reason: "x.y" });
  });

  it("say whether there are any", () => {
    expect(isFiltered(parse(""))).toBe(false);
    expect(isFiltered(parse("state=nonsense"))).toBe(false);
    expect(isFiltered(parse("state=dead"))).toBe(true);
    expect(isFiltered(parse("q=x"))).toBe(true);
  });
});

describe("a replay of the filters", () => {
  it("is the server's own where it knows them all", () => {
    expect(replayOfFilter(parse("run=r1&destination=d&state=dead,done"))).toEqual({
      run: "r1",
      destination: "d",
    });
    expect(replayOfFilter(parse("run=r1"))).toEqual({ run: "r1" });
  });

  it("goes by ids where it has words, kinds or reasons, and where nothing is named", () => {
    for (const query of [
      "",
      "state=dead",
      "run=r1&state=done",
      "run=r1&q=x",
      "run=r1&kind=epic",
      "run=r1&reason=x",
    ])
      expect(replayOfFilter(parse(query))).toBeNull();
  });
});

it("a summary says how much is under way, and how much there is", () => {
  const by_state = { pending: 1, leased: 2, retry: 3, unknown: 4, dead: 5, blocked: 6, done: 7 };
  expect(moving({ by_state, by_destination: [], by_reason: [] })).toBe(10);
  expect(moving(undefined)).toBe(0);
  expect(total(by_state)).toBe(28);
});

it("the runs to follow are the named one and those with something unsettled, up to a limit", () => {
  const rows = [
    sampleDelivery({ run: "b", state: "retry" }),
    sampleDelivery({ run: "c", state: "done" }),
    sampleDelivery({ run: "d", state: "dead" }),
    sampleDelivery({ run: "a", state: "blocked" }),
    sampleDelivery({ run: "b", state: "pending" }),
  ];
  expect(unsettledRuns(rows, "", 9)).toEqual(["a", "b"]);
  expect(unsettledRuns(rows, "z", 2)).toEqual(["b", "z"]);
});
