/**
 * The filters of an ingest's Preview: parsed from the URL, written to it, sent to the server, and applied to files
 * that are already here so that a change shows at once.
 */
import type { FileState, IngestFile } from "./types";

export type FileSort = "name" | "score" | "quality" | "created";
export type FileView = "grid" | "table" | "duplicates";
export type DuplicateFilter = "exact" | "near" | "any";

export interface FileFilters {
  q: string;
  states: FileState[];
  keyword: string;
  nsfw: "" | "safe" | "nsfw" | "unknown";
  /** `null`: any score. */
  minScore: number | null;
  excluded: "" | "only" | "hide";
  duplicates: "" | DuplicateFilter;
  sort: FileSort;
}

export const FILE_STATES: readonly FileState[] = ["processed", "skipped", "failed", "committed", "rejected"];
export const FILE_SORTS: readonly FileSort[] = ["name", "score", "quality", "created"];

export const NO_FILTERS: FileFilters = {
  q: "",
  states: [],
  keyword: "",
  nsfw: "",
  minScore: null,
  excluded: "",
  duplicates: "",
  sort: "name",
};

/** Reads the filters of a URL. Unknown values are dropped, so an old or mangled link still opens. */
export function parseFilters(params: URLSearchParams): FileFilters {
  return {
    q: params.get("q") ?? "",
    states: (params.get("state") ?? "").split(",").filter(isState),
    keyword: params.get("keyword") ?? "",
    nsfw: oneOf(params.get("nsfw"), ["safe", "nsfw", "unknown"]) ?? "",
    minScore: parseScore(params.get("min_score")),
    excluded: oneOf(params.get("excluded"), ["only", "hide"]) ?? "",
    duplicates: oneOf(params.get("dup"), ["exact", "near", "any"]) ?? "",
    sort: oneOf(params.get("sort"), FILE_SORTS) ?? "name",
  };
}

/** Writes the filters into a URL, leaving what is not a filter (step, view, file) as it is. */
export function writeFilters(params: URLSearchParams, filters: FileFilters): URLSearchParams {
  const next = new URLSearchParams(params);
  put(next, "q", filters.q);
  put(next, "state", filters.states.join(","));
  put(next, "keyword", filters.keyword);
  put(next, "nsfw", filters.nsfw);
  put(next, "min_score", filters.minScore === null ? "" : String(filters.minScore));
  put(next, "excluded", filters.excluded);
  put(next, "dup", filters.duplicates);
  put(next, "sort", filters.sort === "name" ? "" : filters.sort);
  return next;
}

/** The filters as the server's query. Duplicate filters have no counterpart there and are applied here. */
export function filesQuery(filters: FileFilters): URLSearchParams {
  const query = new URLSearchParams();
  put(query, "q", filters.q.trim());
  put(query, "state", filters.states.join(","));
  put(query, "keyword", filters.keyword);
  put(query, "nsfw", filters.nsfw);
  put(query, "min_score", filters.minScore === null ? "" : String(filters.minScore));
  put(query, "excluded", filters.excluded === "only" ? "true" : filters.excluded === "hide" ? "false" : "");
  put(query, "sort", filters.sort);
  return query;
}

export function countActive(filters: FileFilters): number {
  return (
    Number(filters.q.trim() !== "") +
    Number(filters.states.length > 0) +
    Number(filters.keyword !== "") +
    Number(filters.nsfw !== "") +
    Number(filters.minScore !== null) +
    Number(filters.excluded !== "") +
    Number(filters.duplicates !== "")
  );
}

/** A file with the text that a search looks through, made once a file. */
export interface IndexedFile {
  file: IngestFile;
  haystack: string;
}

export function indexFiles(files: readonly IngestFile[]): IndexedFile[] {
  return files.map((file) => ({ file, haystack: haystackOf(file) }));
}

/** The index in the order to show: sorted once, so that filtering only passes through it. */
export function sortIndex(index: readonly IndexedFile[], sort: FileSort): IndexedFile[] {
  const compare = compareBy(sort);
  return [...index].sort((a, b) => compare(a.file, b.file));
}

/** The files that pass, in the index's order. 10,000 of them take a few milliseconds: one pass, no allocation a file. */
export function applyFilters(index: readonly IndexedFile[], filters: FileFilters): IngestFile[] {
  const words = filters.q
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== "");
  const states = new Set<FileState>(filters.states);
  const keyword = filters.keyword.toLowerCase();
  const passed: IngestFile[] = [];
  for (const { file, haystack } of index) {
    if (states.size > 0 && !states.has(file.state)) continue;
    if (filters.nsfw !== "" && file.nsfw.state !== filters.nsfw) continue;
    if (filters.minScore !== null && file.score < filters.minScore) continue;
    if (filters.excluded !== "" && file.excluded !== (filters.excluded === "only")) continue;
    if (filters.duplicates !== "" && !isDuplicate(file, filters.duplicates)) continue;
    if (keyword !== "" && !file.keywords.some((k) => k.keyword.toLowerCase() === keyword)) continue;
    if (!words.every((w) => haystack.includes(w))) continue;
    passed.push(file);
  }
  return passed;
}

export function compareBy(sort: FileSort): (a: IngestFile, b: IngestFile) => number {
  switch (sort) {
    case "name":
      return byKey;
    case "score":
      return (a, b) => b.score - a.score || byKey(a, b);
    case "quality":
      return (a, b) => (b.quality?.overall ?? -1) - (a.quality?.overall ?? -1) || byKey(a, b);
    case "created":
      return (a, b) => (b.created_at ?? 0) - (a.created_at ?? 0) || byKey(a, b);
  }
}

function isDuplicate(file: IngestFile, which: DuplicateFilter): boolean {
  const exact = file.duplicate_of !== null;
  const near = file.near_group !== null;
  if (which === "exact") return exact;
  return which === "near" ? near : exact || near;
}

function haystackOf(file: IngestFile): string {
  const words = file.keywords.map((k) => k.keyword).join("\n");
  const prompt = typeof file.generation?.prompt === "string" ? file.generation.prompt : "";
  return `${file.path}\n${file.name}\n${words}\n${prompt}`.toLowerCase();
}

/** Plain code-unit order: ten times faster than a locale's, and the server's order too. */
function byKey(a: IngestFile, b: IngestFile): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function put(params: URLSearchParams, name: string, value: string): void {
  if (value === "") params.delete(name);
  else params.set(name, value);
}

function isState(text: string): text is FileState {
  return FILE_STATES.some((s) => s === text);
}

function oneOf<const T extends string>(text: string | null, allowed: readonly T[]): T | null {
  return allowed.find((a) => a === text) ?? null;
}

function parseScore(text: string | null): number | null {
  if (text === null || !/^-?\d$/.test(text)) return null;
  const value = Number(text);
  return value >= -1 && value <= 5 ? value : null;
}
