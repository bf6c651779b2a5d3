import { describe, expect, it } from "vitest";
import type { WorkItem } from "../../api";
import { itemChange, itemDraft, validateItem } from "./item.form.model";

const STORY: WorkItem = {
  kind: "story",
  title: "As a printer I want a proof",
  description: "Text.",
  acceptance_criteria: ["Given a", "Given b"],
  story_points: 3,
  priority: 2,
};
const TEST: WorkItem = { kind: "test_case", title: "T", steps: [{ action: "Open", expected: "It is open" }] };

describe("an item as text", () => {
  it("comes back as nothing when nobody changed it", () => {
    expect(itemChange(STORY, itemDraft(STORY))).toBeNull();
    expect(itemChange(TEST, itemDraft(TEST))).toBeNull();
  });

  it("comes back as only what was changed", () => {
    const draft = { ...itemDraft(STORY), criteria: "Given a\n\n Given c ", points: "0,5", title: " New " };
    expect(itemChange(STORY, draft)).toEqual({
      title: "New",
      acceptance_criteria: ["Given a", "Given c"],
      story_points: 0.5,
    });
    expect(itemChange(TEST, { ...itemDraft(TEST), steps: "Open => Open\nClose => Closed => well" })).toEqual({
      steps: [
        { action: "Open", expected: "Open" },
        { action: "Close", expected: "Closed => well" },
      ],
    });
  });

  it("is told what is wrong, in the fields of its kind", () => {
    const wrong = { ...itemDraft(STORY), title: " ", priority: "5", points: "many", hours: "x", steps: "x" };
    expect(Object.keys(validateItem(wrong, "story"))).toEqual(["title", "priority", "points"]);
    expect(validateItem({ ...itemDraft(TEST), steps: "just this" }, "test_case")).toHaveProperty("steps");
  });
});
