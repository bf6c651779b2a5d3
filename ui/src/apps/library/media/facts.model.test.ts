import { describe, expect, it } from "vitest";
import { sampleFile } from "../../ingest/sample";
import {
  fileFacts,
  generationOf,
  generationText,
  isVideo,
  MAX_FACT_LENGTH,
  metadataFacts,
  nsfwText,
  qualityFacts,
  scoreText,
  thumbnailUrl,
  videoFacts,
} from "./facts.model";

const generation = {
  seed: 42,
  cfg: 7.5,
  steps: 30,
  sampler: "Euler a",
  prompt: "a fox, (red:1.2)",
  negative_prompt: "blurry",
  custom: "x",
  loras: [{ name: "fur", weight: 0.8 }, "plain"],
  model: null,
};

describe("generation parameters", () => {
  it("come in the order people know, then the others", () => {
    const { prompt, negative, parameters } = generationOf(generation);
    expect([prompt, negative]).toEqual(["a fox, (red:1.2)", "blurry"]);
    expect(parameters).toEqual([
      { label: "Steps", text: "30" },
      { label: "Sampler", text: "Euler a" },
      { label: "CFG scale", text: "7.5" },
      { label: "Seed", text: "42" },
      { label: "LoRAs", text: "fur × 0.8, plain" },
      { label: "Custom", text: "x" },
    ]);
  });

  it("join width and height, spread what is extra, and leave out what is empty", () => {
    const { parameters, prompt } = generationOf({
      tool: "comfyui",
      prompt: "",
      width: 832,
      height: 1216,
      hires: { upscale: 2, steps: null, upscaler: "R-ESRGAN" },
      loras: [],
      extra: { "Clip skip": "2", Empty: "" },
    });
    expect(prompt).toBeNull();
    expect(parameters).toEqual([
      { label: "Size", text: "832x1216" },
      { label: "Hires", text: "upscale 2, upscaler R-ESRGAN" },
      { label: "Tool", text: "comfyui" },
      { label: "Clip skip", text: "2" },
    ]);
  });

  it("are copied as one text", () => {
    expect(generationText({ prompt: "p", negative_prompt: "n", steps: 3, seed: 1 })).toBe(
      "p\nNegative prompt: n\nSteps: 3, Seed: 1",
    );
  });
});

describe("metadata", () => {
  it("is flattened, with times as dates and long values cut", () => {
    const facts = metadataFacts({
      exif: { camera: "X100", lens: null, iso: 200 },
      alpha: true,
      tags: ["a", "b"],
      long: "x".repeat(5000),
    });
    expect(facts.slice(0, 4)).toEqual([
      { label: "Exif camera", text: "X100" },
      { label: "Exif iso", text: "200" },
      { label: "Alpha", text: "yes" },
      { label: "Tags", text: "a, b" },
    ]);
    expect(facts[4]?.text.length).toBe(MAX_FACT_LENGTH + 1);
    expect(metadataFacts({ taken_at: 0 })[0]?.text).toMatch(/^1970-01-01|^1969-12-31/);
  });

  it("shows a video's duration as time", () => {
    expect(videoFacts({ codec: "h264", duration_ms: 65_000, fps: 23.976 })).toEqual([
      { label: "Codec", text: "h264" },
      { label: "Duration", text: "1 min 05 s" },
      { label: "Fps", text: "23.976" },
    ]);
  });
});

it("shows quality as percentages within 0 and 100", () => {
  const facts = qualityFacts({ overall: 51.5, sharpness: 0, exposure: 100, contrast: 130, resolution: -1 });
  expect(facts.map((f) => f.text)).toEqual(["51.5 %", "0 %", "100 %", "100 %", "0 %"]);
  expect(facts.every((f) => f.value >= 0 && f.value <= 1)).toBe(true);
});

describe("one file", () => {
  it("never calls an unanalysed file safe", () => {
    expect(nsfwText({ state: "unknown", score: null, reason: "no model is installed" })).toBe(
      "Unknown: no model is installed",
    );
    expect(nsfwText({ state: "unknown", score: null, reason: null })).toBe("Unknown: not analysed");
    expect(nsfwText({ state: "nsfw", score: 0.91, reason: null })).toBe("NSFW (91.0 %)");
  });

  it.each([
    [-1, "Rejected"],
    [0, "Unrated"],
    [4, "4 of 5"],
  ])("score %d reads %s", (score, text) => {
    expect(scoreText(score)).toBe(text);
  });

  it("lists what is known and leaves out what is not", () => {
    expect(fileFacts(sampleFile({ width: null, sha256: null })).map((f) => f.label)).toEqual([
      "Path",
      "Format",
      "Size",
      "Created",
    ]);
  });

  it.each([
    ["/api/v1/media/ab/thumbnail", true],
    ["//evil.example/x.png", false],
    ["/\\evil.example/x.png", false],
    ["javascript:alert(1)", false],
    ["https://evil.example/x.png", false],
    [null, false],
  ])("thumbnail %j is shown: %s", (thumbnail, shown) => {
    expect(thumbnailUrl({ thumbnail }) !== null).toBe(shown);
  });

  it("knows a video by its facts or its format", () => {
    expect(isVideo(sampleFile())).toBe(false);
    expect(isVideo(sampleFile({ format: "MP4" }))).toBe(true);
    expect(isVideo(sampleFile({ video: { codec: null } }))).toBe(true);
  });
});
