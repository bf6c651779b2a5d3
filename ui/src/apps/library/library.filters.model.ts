/**
 * The library's filters: the URL is the state. The server filters all that there is; what is already here is filtered
 * in the page at once, so that typing never waits.
 */
import type { MediaFile } from "../../api";
import { isVideo } from "./media/facts.model";

export type LibrarySort = "added" | "created" | "score" | "quality" | "name";
export type Orientation = "landscape" | "portrait" | "square";

export interface LibraryFilters {
  q: string;
  /** All of them must be there. */
  keywords: string[];
  model: string;
  /** `null`: any score; −1 shows rejected files too. */
  minScore: number | null;
  favourite: boolean;
  nsfw: "" | "safe" | "nsfw" | "unknown";
  kind: "" | "image" | "video";
  orientation: "" | Orientation;
  sort: LibrarySort;
}

export const LIBRARY_SORTS: readonly LibrarySort[] = ["added", "created", "score", "quality", "name"];

export const NO_LIBRARY_FILTERS: LibraryFilters = {
  q: "",
  keywords: [],
  model: "",
  minScore: null,
  favourite: false,
  nsfw: "",
  kind: "",
  orientation: "",
  sort: "added",
};

export function parseLibraryFilters(params: URLSearchParams): LibraryFilters {
  const score = params.get("min_score");
  return {
    q: params.get("q") ?? "",
    keywords: [...new Set(params.getAll("keyword").filter((k) => k !== ""))],
    model: params.get("model") ?? "",
    minScore: score !== null && /^(-1|[0-5])$/.test(score) ? Number(score) : null,
    favourite: params.get("favourite") === "true",
    nsfw: oneOf(params.get("nsfw"), ["safe", "nsfw", "unknown"]) ?? "",
    kind: oneOf(params.get("kind"), ["image", "video"]) ?? "",
    orientation: oneOf(params.get("orientation"), ["landscape", "portrait", "square"]) ?? "",
    sort: oneOf(params.get("sort"), LIBRARY_SORTS) ?? "added",
  };
}

/** Writes the filters into a URL, leaving the rest of it (the open file, the view) as it is. */
export function writeLibraryFilters(params: URLSearchParams, filters: LibraryFilters): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const name of [
    "q",
    "keyword",
    "model",
    "min_score",
    "favourite",
    "nsfw",
    "kind",
    "orientation",
    "sort",
  ]) {
    next.delete(name);
  }
  for (const [name, value] of Object.entries(libraryQuery(filters))) {
    for (const one of typeof value === "string" ? [value] : value) {
      if (one !== "" && !(name === "sort" && one === "added")) next.append(name, one);
    }
  }
  if (filters.q !== "") next.set("q", filters.q);
  return next;
}

/** The filters as the server's query; empty ones are left out by the client. */
export function libraryQuery(filters: LibraryFilters): Record<string, string | readonly string[]> {
  return {
    q: filters.q.trim(),
    keyword: filters.keywords,
    model: filters.model,
    min_score: filters.minScore === null ? "" : String(filters.minScore),
    favourite: filters.favourite ? "true" : "",
    nsfw: filters.nsfw,
    kind: filters.kind,
    orientation: filters.orientation,
    sort: filters.sort,
  };
}

/** A filter in force, with what takes it away. */
export interface Chip {
  id: string;
  text: string;
  without: LibraryFilters;
}

export function chipsOf(filters: LibraryFilters): Chip[] {
  const chips: Chip[] = [];
  const add = (id: string, text: string, without: Partial<LibraryFilters>) =>
    chips.push({ id, text, without: { ...filters, ...without } });
  if (filters.q.trim() !== "") add("q", `“${filters.q.trim()}”`, { q: "" });
  for (const keyword of filters.keywords) {
    add(`keyword-${keyword}`, keyword, { keywords: filters.keywords.filter((k) => k !== keyword) });
  }
  if (filters.model !== "") add("model", `Model ${filters.model}`, { model: "" });
  if (filters.minScore !== null) add("min_score", scoreChip(filters.minScore), { minScore: null });
  if (filters.favourite) add("favourite", "Favourites", { favourite: false });
  if (filters.nsfw !== "") add("nsfw", `NSFW: ${filters.nsfw}`, { nsfw: "" });
  if (filters.kind !== "") add("kind", filters.kind === "image" ? "Images" : "Videos", { kind: "" });
  if (filters.orientation !== "") add("orientation", capital(filters.orientation), { orientation: "" });
  return chips;
}

export interface IndexedMedia {
  file: MediaFile;
  haystack: string;
  words: ReadonlySet<string>;
  model: string;
}

export function indexMedia(files: readonly MediaFile[]): IndexedMedia[] {
  return files.map((file) => {
    const words = file.keywords.map((k) => k.keyword.toLowerCase());
    const prompt = typeof file.generation?.prompt === "string" ? file.generation.prompt : "";
    return {
      file,
      haystack: `${file.name}\n${file.path}\n${words.join("\n")}\n${prompt}`.toLowerCase(),
      words: new Set(words),
      model: modelOf(file),
    };
  });
}

/** The files here that pass, in order: shown until the server's own answer is in. */
export function filterMedia(index: readonly IndexedMedia[], filters: LibraryFilters): MediaFile[] {
  const terms = filters.q
    .toLowerCase()
    .split(/\s+/)
    .filter((t) => t !== "");
  const keywords = filters.keywords.map((k) => k.toLowerCase());
  const passed: MediaFile[] = [];
  for (const { file, haystack, words, model } of index) {
    if (filters.minScore !== null && file.score < filters.minScore) continue;
    if (filters.favourite && !file.favourite) continue;
    if (filters.nsfw !== "" && file.nsfw.state !== filters.nsfw) continue;
    if (filters.kind !== "" && (filters.kind === "video") !== isVideo(file)) continue;
    if (filters.orientation !== "" && orientationOf(file) !== filters.orientation) continue;
    if (filters.model !== "" && model !== filters.model) continue;
    if (!keywords.every((k) => words.has(k))) continue;
    if (!terms.every((t) => haystack.includes(t))) continue;
    passed.push(file);
  }
  return passed.sort(compareMedia(filters.sort));
}

export function compareMedia(sort: LibrarySort): (a: MediaFile, b: MediaFile) => number {
  const tie = (a: MediaFile, b: MediaFile) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
  switch (sort) {
    case "added":
      return (a, b) => b.added_at - a.added_at || tie(a, b);
    case "created":
      return (a, b) => (b.created_at ?? 0) - (a.created_at ?? 0) || tie(a, b);
    case "score":
      return (a, b) => b.score - a.score || tie(a, b);
    case "quality":
      return (a, b) => (b.quality?.overall ?? -1) - (a.quality?.overall ?? -1) || tie(a, b);
    case "name":
      return (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : tie(a, b));
  }
}

export function orientationOf(file: Pick<MediaFile, "width" | "height">): Orientation | null {
  if (file.width === null || file.height === null) return null;
  if (file.width === file.height) return "square";
  return file.width > file.height ? "landscape" : "portrait";
}

/** The link of a keyword: the library filtered by it alone. */
export function keywordHref(keyword: string): string {
  return `/library?${new URLSearchParams({ keyword }).toString()}`;
}

/** A file's own page, with the list's filters so that it leads back to them. */
export function mediaHref(id: string, query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  rest.delete("file");
  const text = rest.toString();
  return `/library/${encodeURIComponent(id)}${text === "" ? "" : `?${text}`}`;
}

/** The list that a file's page came from; with the file open beside it. */
export function listHref(id: string | null, query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  if (id !== null) rest.set("file", id);
  const text = rest.toString();
  return text === "" ? "/library" : `/library?${text}`;
}

function modelOf(file: MediaFile): string {
  const model = file.generation?.model;
  return typeof model === "string" ? model : "";
}

function scoreChip(score: number): string {
  if (score < 0) return "Rejected too";
  return score === 0 ? "Not rejected" : score === 5 ? "Score 5" : `Score ${score} or more`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function oneOf<const T extends string>(text: string | null, allowed: readonly T[]): T | null {
  return allowed.find((a) => a === text) ?? null;
}
