/** The form of a new schedule: what is typed, what is wrong with it, what is sent. */
import type { Json } from "../api";
import { readCron } from "./cron.model";

export interface ScheduleDraft {
  name: string;
  cron: string;
  timezone: string;
  pipeline: string;
  /** JSON as typed. */
  input: string;
  enabled: boolean;
}

export type ScheduleErrors = Partial<Record<keyof ScheduleDraft, string>>;

export const MAX_SCHEDULE_NAME = 100;
export const SCHEDULE_DRAFT_KEY = "headway.schedule.draft";

export function emptySchedule(timezone: string): ScheduleDraft {
  return { name: "", cron: "0 3 * * *", timezone, pipeline: "", input: "{}", enabled: true };
}

export function validateSchedule(draft: ScheduleDraft): ScheduleErrors {
  const errors: ScheduleErrors = {};
  const name = draft.name.trim();
  if (name === "") errors.name = "Give the schedule a name.";
  else if (name.length > MAX_SCHEDULE_NAME) errors.name = `Use at most ${MAX_SCHEDULE_NAME} characters.`;
  const cron = readCron(draft.cron);
  if (!cron.ok) errors.cron = cron.error;
  if (!isTimezone(draft.timezone)) errors.timezone = "Give a time zone such as Europe/Berlin or UTC.";
  if (draft.pipeline === "") errors.pipeline = "Choose the pipeline to start.";
  const input = readInput(draft.input);
  if (!input.ok) errors.input = input.error;
  return errors;
}

export function scheduleBody(draft: ScheduleDraft): {
  name: string;
  cron: string;
  timezone: string;
  pipeline: string;
  input: Json;
  enabled: boolean;
} {
  const input = readInput(draft.input);
  return {
    name: draft.name.trim(),
    cron: draft.cron.trim().replace(/\s+/g, " "),
    timezone: draft.timezone.trim(),
    pipeline: draft.pipeline,
    input: input.ok ? input.value : {},
    enabled: draft.enabled,
  };
}

export function readInput(text: string): { ok: true; value: Json } | { ok: false; error: string } {
  if (text.trim() === "") return { ok: true, value: {} };
  try {
    const value: Json = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return { ok: false, error: 'The input is a JSON object, such as {"directories": ["/media"]}.' };
    }
    return { ok: true, value };
  } catch (error) {
    return {
      ok: false,
      error: `This is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** Known to the browser; the server has the last word. */
export function isTimezone(name: string): boolean {
  if (name.trim() === "") return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name.trim() });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Whether a kept value is a draft of this form. */
export function isScheduleDraft(value: unknown): value is ScheduleDraft {
  if (typeof value !== "object" || value === null) return false;
  const kept: Partial<Record<keyof ScheduleDraft, unknown>> = value;
  const texts = [kept.name, kept.cron, kept.timezone, kept.pipeline, kept.input];
  return texts.every((text) => typeof text === "string") && typeof kept.enabled === "boolean";
}
