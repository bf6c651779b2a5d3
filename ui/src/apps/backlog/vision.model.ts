/** The form of a backlog as data: the vision, how much is made of it, and what is wrong with it. */
import type { BacklogAuthorName, BacklogNumbers, BacklogParams, BacklogSize } from "../../api";

export const DRAFT_KEY = "headway.backlog.draft";
export const MAX_VISION_BYTES = 256 * 1024;

/** Children of each parent, by size. */
export const SIZES: Record<BacklogSize, BacklogNumbers> = {
  small: { epics: 2, features: 3, stories: 4, tasks: 4, tests: 3 },
  medium: { epics: 3, features: 4, stories: 5, tasks: 5, tests: 4 },
  large: { epics: 5, features: 6, stories: 6, tasks: 6, tests: 5 },
};
export const NUMBER_NAMES = ["epics", "features", "stories", "tasks", "tests"] as const;
export type NumberName = (typeof NUMBER_NAMES)[number];
/** Of each level at most. */
export const MAX_NUMBER = 20;
export const MAX_TITLE = 120;
const MAX_ITEMS = 20_000;
const MAX_REGENERATIONS = 10;
const MAX_CONTEXT_BYTES = 64 * 1024;

/** What is typed; numbers as text. */
export interface VisionDraft {
  vision: string;
  title: string;
  /** "" sends nothing. */
  to: string;
  size: BacklogSize | "numbers";
  numbers: Record<NumberName, string>;
  /** "" leaves it to the server. */
  author: BacklogAuthorName | "";
  review: boolean;
  threshold: string;
  regenerations: string;
  /** US dollars; "" for none. */
  budget: string;
  context: string;
}

export function emptyVision(): VisionDraft {
  return {
    vision: "",
    title: "",
    to: "",
    size: "small",
    numbers: { epics: "2", features: "3", stories: "4", tasks: "4", tests: "3" },
    author: "",
    review: true,
    threshold: "75",
    regenerations: "5",
    budget: "",
    context: "",
  };
}

export function isVisionDraft(value: unknown): value is VisionDraft {
  if (typeof value !== "object" || value === null) return false;
  const empty = emptyVision();
  const kept: Partial<Record<keyof VisionDraft, unknown>> = value;
  for (const [key, sample] of Object.entries(empty))
    if (typeof Reflect.get(kept, key) !== typeof sample) return false;
  const { numbers, size, author } = kept;
  return (
    typeof numbers === "object" &&
    numbers !== null &&
    NUMBER_NAMES.every((name) => typeof Reflect.get(numbers, name) === "string") &&
    [...Object.keys(SIZES), "numbers"].includes(String(size)) &&
    ["", "outline", "openai"].includes(String(author))
  );
}

export type VisionField =
  | "vision"
  | "title"
  | "to"
  | "size"
  | "author"
  | "threshold"
  | "regenerations"
  | "budget"
  | "context";
export type VisionErrors = Partial<Record<VisionField, string>>;

export function validateVision(draft: VisionDraft): VisionErrors {
  const errors: VisionErrors = {};
  if (draft.vision.trim() === "")
    errors.vision = "Write the vision, drop a file on the field, or take the example.";
  else if (byteLength(draft.vision) > MAX_VISION_BYTES)
    errors.vision = "The vision is larger than 256 KiB. Shorten it, or start several backlogs.";
  if (draft.size === "numbers") {
    const least = (name: NumberName) => (name === "tasks" || name === "tests" ? 0 : 1);
    const wrong = NUMBER_NAMES.find((name) => !isWhole(draft.numbers[name], least(name), MAX_NUMBER));
    if (wrong) errors.size = `${wrong}: a whole number from ${least(wrong)} to ${MAX_NUMBER}.`;
    else if (totalOf(numbersOf(draft)) > MAX_ITEMS)
      errors.size = "These numbers make more than 20 000 items; a backlog has no more.";
  }
  if (!isWhole(draft.threshold, 0, 100)) errors.threshold = "A whole number from 0 to 100.";
  if (!isWhole(draft.regenerations, 0, MAX_REGENERATIONS))
    errors.regenerations = `A whole number from 0 to ${MAX_REGENERATIONS}.`;
  const budget = draft.budget.trim();
  if (budget !== "" && !(/^\d{1,5}([.,]\d{1,2})?$/.test(budget) && Number(budget.replace(",", ".")) > 0))
    errors.budget = "An amount such as 5 or 2.50; empty for no limit.";
  if (byteLength(draft.context) > MAX_CONTEXT_BYTES) errors.context = "At most 64 KiB.";
  return errors;
}

/** What is sent. */
export function visionParams(draft: VisionDraft): BacklogParams {
  const text = (value: string) => (value.trim() === "" ? null : value.trim());
  return {
    vision: draft.vision,
    title: text(draft.title),
    to: text(draft.to),
    size: draft.size === "numbers" ? numbersOf(draft) : draft.size,
    ...(draft.author === "" ? {} : { author: draft.author }),
    review: draft.review,
    quality_threshold: Number(draft.threshold),
    max_regenerations: Number(draft.regenerations),
    budget_usd: text(draft.budget) === null ? null : Number(draft.budget.trim().replace(",", ".")),
    context: text(draft.context),
  };
}

/** How many items a draft leads to, by kind; null while its numbers are wrong. */
export function expected(
  draft: VisionDraft,
): { counts: [kind: string, count: number][]; total: number } | null {
  if (validateVision(draft).size) return null;
  const { epics, features, stories, tasks, tests } =
    draft.size === "numbers" ? numbersOf(draft) : SIZES[draft.size];
  const f = epics * features;
  const s = f * stories;
  const counts: [string, number][] = [
    ["epic", epics],
    ["feature", f],
    ["story", s],
    ["task", s * tasks],
    ["test case", s * tests],
  ];
  return { counts, total: counts.reduce((sum, [, count]) => sum + count, 0) };
}

/** The server's messages by the form's fields; what belongs to none is left over. */
export function visionServerErrors(fields: readonly { path: string; message: string }[]) {
  const errors: VisionErrors = {};
  const rest: string[] = [];
  for (const { path, message } of fields) {
    const root = path.split(/[/.[\]]+/).find((part) => part !== "") ?? "";
    const field = SERVER_FIELDS[root];
    if (field) errors[field] = message;
    else rest.push(message);
  }
  return { errors, rest };
}

const SERVER_FIELDS: Record<string, VisionField> = {
  vision: "vision",
  title: "title",
  to: "to",
  size: "size",
  author: "author",
  quality_threshold: "threshold",
  max_regenerations: "regenerations",
  budget_usd: "budget",
  context: "context",
};

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function numbersOf(draft: VisionDraft): BacklogNumbers {
  const of = (name: NumberName) => Number(draft.numbers[name]);
  return {
    epics: of("epics"),
    features: of("features"),
    stories: of("stories"),
    tasks: of("tasks"),
    tests: of("tests"),
  };
}

function totalOf({ epics, features, stories, tasks, tests }: BacklogNumbers): number {
  return epics * (1 + features * (1 + stories * (1 + tasks + tests)));
}

function isWhole(text: string, from: number, to: number): boolean {
  const value = Number(text);
  return /^\d{1,4}$/.test(text.trim()) && value >= from && value <= to;
}
