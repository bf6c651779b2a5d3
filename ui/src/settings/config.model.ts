/** The effective configuration as sections of lines, searched by name or value. Secrets arrive masked and stay so. */
import type { Json, JsonObject } from "../api";

export interface ConfigLine {
  /** Full name, as in the file: `sse.timeout_minutes`. */
  name: string;
  value: string;
  masked: boolean;
}

export interface ConfigSection {
  name: string;
  lines: ConfigLine[];
}

/** Masked values are what the server puts in a secret's place: `***`, `••••` or `<masked>`. */
const MASK = /^(\*{3,}|•{3,}|<(masked|redacted|secret)>)$/;

export function configSections(settings: JsonObject): ConfigSection[] {
  const sections = new Map<string, ConfigLine[]>();
  for (const [key, value] of Object.entries(settings)) {
    if (isObject(value)) sections.set(key, linesOf(value, key));
    else sections.set("", [...(sections.get("") ?? []), line(key, value)]);
  }
  return [...sections]
    .map(([name, lines]) => ({ name: name === "" ? "general" : name, lines }))
    .filter((section) => section.lines.length > 0);
}

export function searchConfig(sections: readonly ConfigSection[], text: string): ConfigSection[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [...sections];
  return sections
    .map((section) => ({
      name: section.name,
      lines: section.lines.filter((l) => `${l.name} ${l.value}`.toLowerCase().includes(wanted)),
    }))
    .filter((section) => section.lines.length > 0);
}

function linesOf(object: JsonObject, prefix: string): ConfigLine[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const name = `${prefix}.${key}`;
    return isObject(value) && Object.keys(value).length > 0 ? linesOf(value, name) : [line(name, value)];
  });
}

function line(name: string, value: Json): ConfigLine {
  const masked = typeof value === "string" && MASK.test(value);
  return { name, value: masked ? "set, not shown" : show(value), masked };
}

function show(value: Json): string {
  if (value === null) return "not set";
  if (typeof value === "string") return value === "" ? "empty" : value;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
