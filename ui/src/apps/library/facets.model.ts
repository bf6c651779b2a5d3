/** Facets as lists of choices, each saying whether it is chosen and what choosing it leads to. */
import type { Facets } from "../../api";
import type { LibraryFilters } from "./library.filters.model";
import { scoreText } from "./media/facts.model";

export interface FacetChoice {
  id: string;
  label: string;
  count: number | null;
  chosen: boolean;
  /** The filters after a press. */
  next: LibraryFilters;
}

export interface FacetGroup {
  id: string;
  title: string;
  choices: FacetChoice[];
}

/** Keywords and models shown at first; the rest behind "more". */
export const FACET_SHORT = 12;

export function facetGroups(facets: Facets, filters: LibraryFilters): FacetGroup[] {
  const groups: FacetGroup[] = [
    { id: "score", title: "Score", choices: scores(facets, filters) },
    { id: "kind", title: "Kind", choices: kinds(facets, filters) },
    { id: "orientation", title: "Orientation", choices: orientations(filters) },
    { id: "nsfw", title: "NSFW", choices: nsfw(facets, filters) },
    { id: "model", title: "Model", choices: models(facets, filters) },
    { id: "keyword", title: "Keywords", choices: keywords(facets, filters) },
  ];
  return groups.filter((group) => group.choices.length > 0);
}

function scores(facets: Facets, filters: LibraryFilters): FacetChoice[] {
  const atLeast = (from: number) =>
    Object.entries(facets.scores).reduce(
      (sum, [score, count]) => (Number(score) >= from ? sum + count : sum),
      0,
    );
  const choices: FacetChoice[] = [5, 4, 3, 2, 1].map((from) => ({
    id: `score-${from}`,
    label: from === 5 ? scoreText(5) : `${scoreText(from)} or more`,
    count: atLeast(from),
    chosen: filters.minScore === from,
    next: { ...filters, minScore: filters.minScore === from ? null : from },
  }));
  choices.push({
    id: "favourite",
    label: "Favourites",
    count: null,
    chosen: filters.favourite,
    next: { ...filters, favourite: !filters.favourite },
  });
  return choices;
}

function kinds(facets: Facets, filters: LibraryFilters): FacetChoice[] {
  return (["image", "video"] as const).map((kind) => ({
    id: `kind-${kind}`,
    label: kind === "image" ? "Images" : "Videos",
    count: facets.kinds[kind] ?? 0,
    chosen: filters.kind === kind,
    next: { ...filters, kind: filters.kind === kind ? "" : kind },
  }));
}

function orientations(filters: LibraryFilters): FacetChoice[] {
  return (["landscape", "portrait", "square"] as const).map((orientation) => ({
    id: `orientation-${orientation}`,
    label: orientation.charAt(0).toUpperCase() + orientation.slice(1),
    count: null,
    chosen: filters.orientation === orientation,
    next: { ...filters, orientation: filters.orientation === orientation ? "" : orientation },
  }));
}

function nsfw(facets: Facets, filters: LibraryFilters): FacetChoice[] {
  const words = { safe: "Safe", nsfw: "NSFW", unknown: "Unknown" } as const;
  return (["safe", "nsfw", "unknown"] as const).map((state) => ({
    id: `nsfw-${state}`,
    label: words[state],
    count: facets.nsfw[state] ?? 0,
    chosen: filters.nsfw === state,
    next: { ...filters, nsfw: filters.nsfw === state ? "" : state },
  }));
}

function models(facets: Facets, filters: LibraryFilters): FacetChoice[] {
  const choices = facets.models.map(({ model, count }) => ({
    id: `model-${model}`,
    label: model,
    count,
    chosen: filters.model === model,
    next: { ...filters, model: filters.model === model ? "" : model },
  }));
  if (filters.model !== "" && !choices.some((choice) => choice.chosen)) {
    choices.unshift({
      id: `model-${filters.model}`,
      label: filters.model,
      count: 0,
      chosen: true,
      next: { ...filters, model: "" },
    });
  }
  return choices;
}

function keywords(facets: Facets, filters: LibraryFilters): FacetChoice[] {
  const chosen = new Set(filters.keywords);
  // The same word can come in several kinds; it is one filter.
  const counts = new Map<string, number>();
  for (const word of filters.keywords) counts.set(word, 0);
  for (const { keyword, count } of facets.keywords) {
    counts.set(keyword, Math.max(counts.get(keyword) ?? 0, count));
  }
  return [...counts].map(([keyword, count]) => ({
    id: `keyword-${keyword}`,
    label: keyword,
    count,
    chosen: chosen.has(keyword),
    next: {
      ...filters,
      keywords: chosen.has(keyword)
        ? filters.keywords.filter((k) => k !== keyword)
        : [...filters.keywords, keyword],
    },
  }));
}
