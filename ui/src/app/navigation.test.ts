import { expect, it } from "vitest";
import type { Session } from "../api";
import { breadcrumb, places } from "./navigation";

it("the breadcrumb ends with the page's word, and with the address until there is one", () => {
  const here = (location: string, word: string | null) =>
    breadcrumb(location, word).map(({ title }) => title);
  expect(here("/runs/0d3k2m", "Photos of May")).toEqual(["Runs", "Photos of May"]);
  expect(here("/runs/0d3k2m", null)).toEqual(["Runs", "0d3k2m"]);
  expect(here("/library/100%", null)).toEqual(["Library", "100%"]);
});

it("a place of its own is called by its name, whatever the page's title is", () => {
  expect(breadcrumb("/runs", "All runs")).toEqual([{ title: "Runs", path: null }]);
  expect(breadcrumb("/nowhere", "x")).toEqual([{ title: "Nothing here", path: null }]);
});

it("places of what is switched off are not shown", () => {
  const session = {
    user: { name: "mira", role: "admin" },
    permissions: [],
    dev: false,
    version: "1",
    epoch: "e",
    apps: ["backlog"],
    features: { outbox: false },
  } satisfies Session;
  const titles = places(session).map(({ title }) => title);
  expect(titles).toContain("Backlog");
  for (const off of ["Ingest", "Library", "Deliveries", "Destinations"]) expect(titles).not.toContain(off);
  expect(places(null).map(({ title }) => title)).toContain("Deliveries");
});
