/** What is known about a file, as lines to read: label and text, in a fixed order, unknown shapes included. */
import type { Json, JsonObject } from "../../../api";
import { bytes, dateTime, duration, number, percent } from "../../../design/format";
import type { FileFacts } from "../../ingest/types";

export interface Fact {
  label: string;
  text: string;
}

/** Longest value shown in one line; the rest is behind "copy". */
export const MAX_FACT_LENGTH = 2000;

const GENERATION_ORDER = [
  "steps",
  "sampler",
  "scheduler",
  "cfg",
  "cfg_scale",
  "seed",
  "size",
  "model",
  "model_hash",
  "denoise",
  "denoising_strength",
  "hires",
  "loras",
  "version",
];

/** Shown in places of their own, not as lines. */
const GENERATION_TEXTS = new Set([
  "prompt",
  "negative_prompt",
  "workflow",
  "raw",
  "extra",
  "width",
  "height",
]);

export function fileFacts(file: FileFacts): Fact[] {
  const facts: Fact[] = [{ label: "Path", text: file.path }];
  if (file.format !== null) facts.push({ label: "Format", text: file.format.toUpperCase() });
  if (file.width !== null && file.height !== null) {
    facts.push({ label: "Size in pixels", text: `${file.width} × ${file.height}` });
  }
  facts.push({ label: "Size", text: bytes(file.size) });
  if (file.created_at !== null) facts.push({ label: "Created", text: dateTime(file.created_at) });
  if (file.sha256 !== null) facts.push({ label: "SHA-256", text: file.sha256 });
  return facts;
}

/** Objects within the metadata become lines of their own: `exif.camera` is "Exif camera". */
export function metadataFacts(metadata: JsonObject): Fact[] {
  return flatten(metadata, "");
}

export function videoFacts(video: JsonObject): Fact[] {
  return flatten(video, "").map((fact) => {
    const raw = video[lastKey(video, fact.label)];
    if (typeof raw !== "number") return fact;
    if (/_ms$/.test(lastKey(video, fact.label)))
      return { label: fact.label.replace(/ ms$/, ""), text: duration(raw) };
    if (/^duration(_s)?$/.test(lastKey(video, fact.label)))
      return { label: "Duration", text: duration(raw * 1000) };
    return fact;
  });
}

export interface Generation {
  prompt: string | null;
  negative: string | null;
  parameters: Fact[];
}

export function generationOf(raw: JsonObject): Generation {
  const flat = { ...raw, ...sizeOf(raw) };
  const known = GENERATION_ORDER.filter((key) => flat[key] !== undefined && flat[key] !== null);
  const others = Object.keys(flat).filter(
    (key) => !GENERATION_ORDER.includes(key) && !GENERATION_TEXTS.has(key),
  );
  const parameters: Fact[] = [];
  for (const key of [...known, ...others]) {
    const value = flat[key];
    if (value === undefined || value === null || value === "") continue;
    if (Array.isArray(value) && value.length === 0) continue;
    parameters.push({ label: label(key), text: clip(key === "loras" ? loras(value) : plain(value)) });
  }
  // What the program wrote beyond the usual ones keeps the program's own names.
  for (const [name, value] of isObject(raw.extra) ? Object.entries(raw.extra) : []) {
    if (value !== null && value !== "") parameters.push({ label: name, text: clip(plain(value)) });
  }
  return { prompt: text(raw.prompt), negative: text(raw.negative_prompt), parameters };
}

function sizeOf(raw: JsonObject): JsonObject {
  const { width, height } = raw;
  if (typeof width !== "number" || typeof height !== "number") return {};
  return { size: `${width}x${height}` };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The generation parameters as one text that other tools read back (prompt, negative prompt, `Name: value` pairs). */
export function generationText(raw: JsonObject): string {
  const { prompt, negative, parameters } = generationOf(raw);
  const lines: string[] = [];
  if (prompt !== null) lines.push(prompt);
  if (negative !== null) lines.push(`Negative prompt: ${negative}`);
  if (parameters.length > 0) lines.push(parameters.map((p) => `${p.label}: ${p.text}`).join(", "));
  return lines.join("\n");
}

/** Quality figures go from 0 to this. */
export const QUALITY_MAX = 100;

/** Quality as percentages, best known first. */
export function qualityFacts(quality: NonNullable<FileFacts["quality"]>): (Fact & { value: number })[] {
  const line = (name: string, figure: number) => {
    const value = Math.min(1, Math.max(0, figure / QUALITY_MAX));
    return { label: name, text: percent(value * 100), value };
  };
  return [
    line("Overall", quality.overall),
    line("Sharpness", quality.sharpness),
    line("Exposure", quality.exposure),
    line("Contrast", quality.contrast),
    line("Resolution", quality.resolution),
  ];
}

export function nsfwText(nsfw: FileFacts["nsfw"]): string {
  const score = nsfw.score === null ? "" : ` (${percent(nsfw.score * 100)})`;
  switch (nsfw.state) {
    case "safe":
      return `Safe${score}`;
    case "nsfw":
      return `NSFW${score}`;
    case "unknown":
      // The server's reason may begin with the word itself.
      return `Unknown: ${nsfw.reason?.replace(/^unknown: /, "") || "not analysed"}`;
  }
}

export function scoreText(score: number): string {
  if (score < 0) return "Rejected";
  return score === 0 ? "Unrated" : `${score} of 5`;
}

export function isVideo(file: Pick<FileFacts, "format" | "video">): boolean {
  return file.video !== null || ["mp4", "mov", "webm", "mkv"].includes(file.format?.toLowerCase() ?? "");
}

/** A safe link to a thumbnail; anything but a path of this server is not shown. */
export function thumbnailUrl(file: Pick<FileFacts, "thumbnail">): string | null {
  const url = file.thumbnail;
  return url !== null && /^\/(?![/\\])/.test(url) ? url : null;
}

function flatten(value: JsonObject, prefix: string): Fact[] {
  const facts: Fact[] = [];
  for (const [key, inner] of Object.entries(value)) {
    if (inner === null || inner === "") continue;
    const name = prefix === "" ? key : `${prefix} ${key}`;
    if (Array.isArray(inner) && inner.length === 0) continue;
    if (isObject(inner)) facts.push(...flatten(inner, name));
    else facts.push({ label: label(name), text: clip(/_at$/.test(key) ? time(inner) : plain(inner)) });
  }
  return facts;
}

function plain(value: Json): string {
  if (value === null) return "–";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : trimNumber(value);
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return Object.entries(value)
    .filter(([, inner]) => inner !== null && inner !== "")
    .map(([key, inner]) => `${key} ${plain(inner)}`)
    .join(", ");
}

function loras(value: Json): string {
  if (!Array.isArray(value)) return plain(value);
  return value
    .map((one) => {
      if (typeof one !== "object" || one === null || Array.isArray(one)) return plain(one);
      const name = text(one.name) ?? "";
      return typeof one.weight === "number" ? `${name} × ${trimNumber(one.weight)}` : name;
    })
    .join(", ");
}

function time(value: Json): string {
  return typeof value === "number" ? dateTime(value) : plain(value);
}

function label(key: string): string {
  const words = key.replace(/[_-]+/g, " ").replace(/\s+/g, " ").trim();
  const fixed: Record<string, string> = {
    cfg: "CFG scale",
    "cfg scale": "CFG scale",
    loras: "LoRAs",
    size: "Size",
  };
  return fixed[words] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

function lastKey(object: JsonObject, wanted: string): string {
  return Object.keys(object).find((key) => label(key) === wanted) ?? "";
}

function trimNumber(value: number): string {
  return number(value, 4).replace(/\.?0+$/, "");
}

function clip(value: string): string {
  return value.length > MAX_FACT_LENGTH ? `${value.slice(0, MAX_FACT_LENGTH)}…` : value;
}

function text(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
