import { expect, it } from "vitest";
import { addView, MAX_VIEWS, parseViews, viewQuery } from "./views.model";

it("two ways to the same list are the same view", () => {
  const one = viewQuery(new URLSearchParams("state=failed,completed_with_errors&q=a b&line=4"));
  const two = viewQuery(new URLSearchParams("q=a%20b&state=completed_with_errors,failed"));
  expect(one).toBe("q=a%20b&state=completed_with_errors,failed");
  expect(two).toBe(one);
});

it("keeps views by name, bounded, and reads only views", () => {
  let views = addView([], " Mine ", "q=1");
  views = addView(views, "Mine", "q=2");
  expect(views).toEqual([{ name: "Mine", query: "q=2" }]);
  for (let i = 0; i < MAX_VIEWS + 3; i++) views = addView(views, `v${i}`, "");
  expect(views).toHaveLength(MAX_VIEWS);
  expect(parseViews(JSON.stringify(views))).toEqual(views);
  for (const odd of [null, "", "{", "{}", '[1,{"name":2}]']) expect(parseViews(odd)).toEqual([]);
});
