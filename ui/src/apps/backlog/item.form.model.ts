/** An item as text to edit, and back as the part of it that has changed. */
import type { WorkItem, WorkItemKind } from "../../api";

export interface ItemDraft {
  title: string;
  description: string;
  /** One a line. */
  criteria: string;
  /** One a line: `action => expected`. */
  steps: string;
  testData: string;
  priority: string;
  points: string;
  hours: string;
  value: string;
  category: string;
}

export type ItemField = keyof ItemDraft;
export type ItemErrors = Partial<Record<ItemField, string>>;

/** Longest title, characters; the kinds that say less take less. */
export const MAX_TITLE = 255;
const ARROW = "=>";

/** Which fields make sense for a kind, in their order. */
export const FIELDS: Record<WorkItemKind, readonly ItemField[]> = {
  epic: ["title", "description", "priority", "value", "category"],
  feature: ["title", "description", "priority", "points", "value", "category"],
  story: ["title", "description", "criteria", "priority", "points", "category"],
  task: ["title", "description", "priority", "hours", "category"],
  test_case: ["title", "description", "steps", "testData", "priority", "category"],
};

export function itemDraft(item: WorkItem): ItemDraft {
  const text = (value: number | undefined) => (value === undefined ? "" : String(value));
  return {
    title: item.title,
    description: item.description ?? "",
    criteria: (item.acceptance_criteria ?? []).join("\n"),
    steps: (item.steps ?? []).map((step) => `${step.action} ${ARROW} ${step.expected}`).join("\n"),
    testData: item.test_data ?? "",
    priority: text(item.priority),
    points: text(item.story_points),
    hours: text(item.estimate_hours),
    value: text(item.business_value),
    category: item.category ?? "",
  };
}

export function validateItem(draft: ItemDraft, kind: WorkItemKind): ItemErrors {
  const errors: ItemErrors = {};
  const has = (field: ItemField) => FIELDS[kind].includes(field);
  if (draft.title.trim() === "") errors.title = "An item needs a title.";
  else if (draft.title.length > MAX_TITLE) errors.title = `At most ${MAX_TITLE} characters.`;
  else if (/[\r\n]/.test(draft.title)) errors.title = "One line.";
  const whole = (field: ItemField, from: number, to: number) => {
    const text = draft[field].trim();
    if (has(field) && text !== "" && !(/^\d{1,3}$/.test(text) && Number(text) >= from && Number(text) <= to))
      errors[field] = `A whole number from ${from} to ${to}.`;
  };
  const amount = (field: ItemField, to: number) => {
    const text = draft[field].trim().replace(",", ".");
    if (has(field) && text !== "" && !(/^\d{1,4}(\.\d{1,2})?$/.test(text) && Number(text) <= to))
      errors[field] = `A number up to ${to}.`;
  };
  whole("priority", 1, 4);
  whole("value", 0, 100);
  amount("points", 100);
  amount("hours", 1000);
  if (has("steps") && lines(draft.steps).some((line) => !line.includes(ARROW)))
    errors.steps = `Each line: what the tester does ${ARROW} what must be seen then.`;
  return errors;
}

/** Only what differs, so that two who edit different things do not overwrite one another. */
export function itemChange(before: WorkItem, draft: ItemDraft): Partial<WorkItem> | null {
  const was = itemDraft(before);
  const change: Partial<WorkItem> = {};
  const text = (field: "title" | "description" | "category" | "testData") => draft[field].trim();
  const amount = (field: ItemField) => Number(draft[field].trim().replace(",", "."));
  const changed = (field: ItemField) =>
    FIELDS[before.kind].includes(field) && draft[field].trim() !== was[field].trim();
  if (changed("title")) change.title = text("title");
  if (changed("description")) change.description = text("description");
  if (changed("category")) change.category = text("category");
  if (changed("testData")) change.test_data = text("testData");
  if (changed("criteria")) change.acceptance_criteria = lines(draft.criteria);
  if (changed("steps")) change.steps = lines(draft.steps).map(stepOf);
  if (changed("priority") && draft.priority.trim() !== "") change.priority = amount("priority");
  if (changed("value") && draft.value.trim() !== "") change.business_value = amount("value");
  if (changed("points") && draft.points.trim() !== "") change.story_points = amount("points");
  if (changed("hours") && draft.hours.trim() !== "") change.estimate_hours = amount("hours");
  return Object.keys(change).length === 0 ? null : change;
}

function stepOf(line: string) {
  const at = line.indexOf(ARROW);
  return { action: line.slice(0, at).trim(), expected: line.slice(at + ARROW.length).trim() };
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
