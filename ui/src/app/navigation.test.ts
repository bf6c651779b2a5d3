import { expect, it } from "vitest";
import { breadcrumb } from "./navigation";

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
