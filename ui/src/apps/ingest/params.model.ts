/**
 * The Configure form as data: what is typed (a draft), what is wrong with it, and what is sent.
 * The draft holds text where a person types text, so that a half-typed number is never lost.
 */
import type { IngestParams } from "./types";

export const DEFAULT_PATTERNS: readonly string[] = [
  "*.png",
  "*.jpg",
  "*.jpeg",
  "*.webp",
  "*.gif",
  "*.mp4",
  "*.mov",
  "*.webm",
  "*.mkv",
];

/** Where the draft is kept, per tab, until the ingest has started. */
export const DRAFT_KEY = "headway.ingest.draft";

export interface Draft {
  directories: string[];
  /** A folder that is being typed and not added yet; starting adds it. */
  folder: string;
  /** Patterns as typed, separated by spaces, commas or lines. */
  patterns: string;
  recursive: boolean;
  /** As typed; empty means no limit. */
  maxFiles: string;
  skipExisting: boolean;
  extractMetadata: boolean;
  extractKeywords: boolean;
  importScores: boolean;
  detectNsfw: boolean;
  nsfwThreshold: number;
  autoCommit: boolean;
}

export type Field = keyof Draft;

/** One message a field. */
export type FieldErrors = Partial<Record<Field, string>>;

export const MAX_PATTERNS = 64;
export const MAX_DIRECTORIES = 64;

export function defaultDraft(): Draft {
  return {
    directories: [],
    folder: "",
    patterns: DEFAULT_PATTERNS.join(" "),
    recursive: true,
    maxFiles: "",
    skipExisting: true,
    extractMetadata: true,
    extractKeywords: true,
    importScores: true,
    detectNsfw: true,
    nsfwThreshold: 0.5,
    autoCommit: false,
  };
}

/** A draft that starts from an earlier ingest's parameters ("use these again"). */
export function draftFrom(params: IngestParams): Draft {
  return {
    directories: [...params.directories],
    folder: "",
    patterns: params.patterns.join(" "),
    recursive: params.recursive,
    maxFiles: params.max_files === null ? "" : String(params.max_files),
    skipExisting: params.skip_existing,
    extractMetadata: params.extract_metadata,
    extractKeywords: params.extract_keywords,
    importScores: params.import_scores,
    detectNsfw: params.detect_nsfw,
    nsfwThreshold: params.nsfw_threshold,
    autoCommit: params.auto_commit,
  };
}

export function splitPatterns(text: string): string[] {
  const seen = new Set<string>();
  for (const piece of text.split(/[\s,;]+/)) {
    if (piece !== "") seen.add(piece);
  }
  return [...seen];
}

/** What is wrong with the draft, a message a field; nothing when it can be sent. */
export function validate(draft: Draft): FieldErrors {
  const errors: FieldErrors = {};
  const directories = checkDirectories(draft.directories);
  if (directories !== null) errors.directories = directories;
  const patterns = checkPatterns(draft.patterns);
  if (patterns !== null) errors.patterns = patterns;
  const max = checkMaxFiles(draft.maxFiles);
  if (max !== null) errors.maxFiles = max;
  if (!(draft.nsfwThreshold >= 0 && draft.nsfwThreshold <= 1)) {
    errors.nsfwThreshold = "The threshold is a number from 0 to 1.";
  }
  return errors;
}

export function toParams(draft: Draft): IngestParams {
  return {
    directories: draft.directories,
    patterns: splitPatterns(draft.patterns),
    recursive: draft.recursive,
    max_files: draft.maxFiles.trim() === "" ? null : Number(digits(draft.maxFiles)),
    skip_existing: draft.skipExisting,
    extract_metadata: draft.extractMetadata,
    extract_keywords: draft.extractKeywords,
    import_scores: draft.importScores,
    detect_nsfw: draft.detectNsfw,
    nsfw_threshold: draft.nsfwThreshold,
    auto_commit: draft.autoCommit,
  };
}

/** Adds a folder once; a folder below one already chosen is refused with the reason. */
export function addDirectory(draft: Draft, path: string): { draft: Draft; refused: string | null } {
  const clean = trimSlash(path.trim());
  if (clean === "") return { draft, refused: null };
  if (draft.directories.includes(clean)) return { draft, refused: `${clean} is already chosen.` };
  if (draft.recursive) {
    const above = draft.directories.find((d) => isBelow(clean, d));
    if (above !== undefined) return { draft, refused: `${clean} is already covered by ${above}.` };
  }
  const kept = draft.recursive ? draft.directories.filter((d) => !isBelow(d, clean)) : draft.directories;
  return { draft: { ...draft, directories: [...kept, clean], folder: "" }, refused: null };
}

export function removeDirectory(draft: Draft, path: string): Draft {
  return { ...draft, directories: draft.directories.filter((d) => d !== path) };
}

const WIRE_FIELDS: Readonly<Record<string, Field>> = {
  directories: "directories",
  patterns: "patterns",
  recursive: "recursive",
  max_files: "maxFiles",
  skip_existing: "skipExisting",
  extract_metadata: "extractMetadata",
  extract_keywords: "extractKeywords",
  import_scores: "importScores",
  detect_nsfw: "detectNsfw",
  nsfw_threshold: "nsfwThreshold",
  auto_commit: "autoCommit",
};

/**
 * The server's field messages on the form's fields. A path may be written `directories/0`, `directories[0]`,
 * `$.directories.0` or below `input`; what names no field here is returned apart, to be shown above the form.
 */
export function mapServerFields(fields: readonly { path: string; message: string }[]): {
  errors: FieldErrors;
  rest: string[];
} {
  const errors: FieldErrors = {};
  const rest: string[] = [];
  for (const { path, message } of fields) {
    const field = path
      .split(/[/.[\]$]+/)
      .filter((part) => part !== "")
      .map((part) => WIRE_FIELDS[part])
      .find((known) => known !== undefined);
    if (field === undefined) rest.push(path === "" ? message : `${path}: ${message}`);
    else errors[field] = errors[field] === undefined ? message : `${errors[field]} ${message}`;
  }
  return { errors, rest };
}

/** Reads a kept draft. Anything missing or of the wrong type falls back to its default, field by field. */
export function parseDraft(text: string | null): Draft {
  const draft = defaultDraft();
  if (text === null) return draft;
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    // Cut short or written by something else: the form starts from its defaults. Anything but that is a fault of ours.
    if (error instanceof SyntaxError) return draft;
    throw error;
  }
  if (typeof raw !== "object" || raw === null) return draft;
  const kept: Record<string, unknown> = { ...raw };
  return {
    directories: stringList(kept.directories) ?? draft.directories,
    folder: typeof kept.folder === "string" ? kept.folder : draft.folder,
    patterns: typeof kept.patterns === "string" ? kept.patterns : draft.patterns,
    recursive: flag(kept.recursive, draft.recursive),
    maxFiles: typeof kept.maxFiles === "string" ? kept.maxFiles : draft.maxFiles,
    skipExisting: flag(kept.skipExisting, draft.skipExisting),
    extractMetadata: flag(kept.extractMetadata, draft.extractMetadata),
    extractKeywords: flag(kept.extractKeywords, draft.extractKeywords),
    importScores: flag(kept.importScores, draft.importScores),
    detectNsfw: flag(kept.detectNsfw, draft.detectNsfw),
    nsfwThreshold: typeof kept.nsfwThreshold === "number" ? kept.nsfwThreshold : draft.nsfwThreshold,
    autoCommit: flag(kept.autoCommit, draft.autoCommit),
  };
}

/** One line that says what starting will do. */
export function describeStart(draft: Draft): string {
  const n = draft.directories.length;
  if (n === 0) return "Choose at least one folder.";
  const where = n === 1 ? "1 folder" : `${n} folders`;
  const depth = draft.recursive ? " and everything below" : "";
  const end = draft.autoCommit
    ? "Files go into the library as soon as they are processed."
    : "Nothing goes into the library until you commit it.";
  return `Reads ${where}${depth}. ${end}`;
}

function checkDirectories(directories: readonly string[]): string | null {
  if (directories.length === 0) return "Choose at least one folder to read.";
  if (directories.length > MAX_DIRECTORIES) return `Choose at most ${MAX_DIRECTORIES} folders.`;
  const dotted = directories.find((d) => d.split("/").includes(".."));
  if (dotted !== undefined) return `${dotted} holds “..”. Choose a folder below a media root.`;
  return null;
}

function checkPatterns(text: string): string | null {
  const patterns = splitPatterns(text);
  if (patterns.length === 0) return "Give at least one pattern, such as *.png.";
  if (patterns.length > MAX_PATTERNS) return `Give at most ${MAX_PATTERNS} patterns.`;
  const absolute = patterns.find((p) => p.startsWith("/") || p.split("/").includes(".."));
  if (absolute !== undefined)
    return `${absolute} leaves the folder. A pattern matches names inside it, such as *.png.`;
  const open = patterns.find((p) => count(p, "[") !== count(p, "]") || count(p, "{") !== count(p, "}"));
  if (open !== undefined) return `${open} opens a bracket that it does not close.`;
  return null;
}

function checkMaxFiles(text: string): string | null {
  const clean = text.trim();
  if (clean === "") return null;
  const plain = digits(clean);
  if (!/^\d+$/.test(plain)) return "Give a whole number, or leave it empty for no limit.";
  const value = Number(plain);
  if (value < 1) return "The smallest limit is 1 file.";
  if (!Number.isSafeInteger(value)) return "That number is too large.";
  return null;
}

/** `10,000` and `10 000` are what people copy from elsewhere. */
function digits(text: string): string {
  return text.trim().replace(/[\s,_]/g, "");
}

function isBelow(path: string, above: string): boolean {
  return above === "/" ? path !== "/" : path.startsWith(`${above}/`);
}

function trimSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}

function flag(value: unknown, fallback: boolean): boolean {
  return typeof value === "boolean" ? value : fallback;
}

function stringList(value: unknown): string[] | null {
  return Array.isArray(value) && value.every((v): v is string => typeof v === "string") ? value : null;
}
