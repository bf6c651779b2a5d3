// What of an OpenAPI document makes the shapes: its schemas without words, and a mark that changes when they do.
import { createHash } from "node:crypto";

const WORDS = new Set(["description", "title", "example", "examples", "default"]);

/** The schemas without descriptions, keys sorted. */
export function shapes(document) {
  return bare(document.components?.schemas ?? {});
}

/** A short text that is the same as long as the shapes are. */
export function mark(document) {
  return createHash("sha256")
    .update(JSON.stringify(shapes(document)))
    .digest("hex")
    .slice(0, 16);
}

/** `named`: keys here are names of schemas or properties, which may be called like words. */
function bare(value, named = true) {
  if (Array.isArray(value)) return value.map((each) => bare(each, false));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => named || !WORDS.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, bare(each, !named && key === "properties")]),
  );
}
