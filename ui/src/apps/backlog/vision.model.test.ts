import { describe, expect, it } from "vitest";
import {
  emptyVision,
  expected,
  isVisionDraft,
  MAX_VISION_BYTES,
  type VisionDraft,
  validateVision,
  visionParams,
  visionServerErrors,
} from "./vision.model";

const draft = (change: Partial<VisionDraft> = {}): VisionDraft => ({
  ...emptyVision(),
  vision: "# V",
  ...change,
});

describe("what is typed", () => {
  it("needs a vision of a size that can be read", () => {
    expect(Object.keys(validateVision(emptyVision()))).toEqual(["vision"]);
    expect(validateVision(draft())).toEqual({});
    expect(validateVision(draft({ vision: "ä".repeat(MAX_VISION_BYTES / 2 + 1) })).vision).toMatch(/256 KiB/);
  });

  it("is told what is wrong with its numbers", () => {
    const numbers = { epics: "0", features: "3", stories: "4", tasks: "4", tests: "x" };
    expect(validateVision(draft({ size: "numbers", numbers })).size).toMatch(/^epics:/);
    expect(validateVision(draft({ size: "numbers", numbers: { ...numbers, epics: "1" } })).size).toMatch(
      /^tests:/,
    );
    expect(validateVision(draft({ size: "small", numbers }))).toEqual({});
    const many = { epics: "20", features: "20", stories: "20", tasks: "3", tests: "0" };
    expect(validateVision(draft({ size: "numbers", numbers: many })).size).toMatch(/20 000/);
    expect(
      Object.keys(validateVision(draft({ threshold: "101", regenerations: "-1", budget: "much" }))),
    ).toEqual(["threshold", "regenerations", "budget"]);
  });

  it("that was kept by another version is not taken", () => {
    expect(isVisionDraft(draft())).toBe(true);
    expect(isVisionDraft({ ...draft(), size: "huge" })).toBe(false);
    expect(isVisionDraft({ ...draft(), numbers: {} })).toBe(false);
    expect(isVisionDraft({ vision: "x" })).toBe(false);
    expect(isVisionDraft(null)).toBe(false);
  });
});

describe("what is sent", () => {
  it("leaves the author to the server and says null for nothing", () => {
    expect(visionParams(draft({ budget: "2,50", to: "tracker" }))).toEqual({
      vision: "# V",
      title: null,
      to: "tracker",
      size: "small",
      review: true,
      quality_threshold: 75,
      max_regenerations: 5,
      budget_usd: 2.5,
      context: null,
    });
  });

  it("has numbers as numbers", () => {
    const numbers = { epics: "1", features: "2", stories: "3", tasks: "4", tests: "0" };
    const sent = visionParams(draft({ size: "numbers", numbers, author: "outline" }));
    expect(sent).toMatchObject({
      size: { epics: 1, features: 2, stories: 3, tasks: 4, tests: 0 },
      author: "outline",
    });
  });
});

it("the sizes come to what the planning documents say", () => {
  const total = (size: VisionDraft["size"]) => expected(draft({ size }))?.total;
  expect([total("small"), total("medium"), total("large")]).toEqual([200, 615, 2195]);
  expect(expected(draft({ size: "numbers", numbers: { ...emptyVision().numbers, epics: "?" } }))).toBeNull();
});

it("the server's messages find their fields", () => {
  expect(
    visionServerErrors([
      { path: "/quality_threshold", message: "No." },
      { path: "size.epics", message: "Too many." },
      { path: "/other", message: "Odd." },
    ]),
  ).toEqual({ errors: { threshold: "No.", size: "Too many." }, rest: ["Odd."] });
});
