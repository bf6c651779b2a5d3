/**
 * Cron expressions as people type them: what is wrong with one, and what it says in words. The server decides when a
 * schedule fires next; this only helps while typing, so what it does not know it lets pass.
 */

export type CronReading = { ok: true; words: string | null } | { ok: false; error: string };

interface FieldRule {
  name: string;
  min: number;
  max: number;
  names: readonly string[];
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const DAY_WORDS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const SECOND: FieldRule = { name: "Second", min: 0, max: 59, names: [] };

const RULES: readonly FieldRule[] = [
  { name: "Minute", min: 0, max: 59, names: [] },
  { name: "Hour", min: 0, max: 23, names: [] },
  { name: "Day of the month", min: 1, max: 31, names: [] },
  { name: "Month", min: 1, max: 12, names: MONTHS },
  { name: "Day of the week", min: 0, max: 7, names: DAYS },
];

/** Ready-made expressions for the form. */
export const CRON_EXAMPLES: readonly { cron: string; label: string }[] = [
  { cron: "0 * * * *", label: "Every hour" },
  { cron: "0 3 * * *", label: "Every night at 03:00" },
  { cron: "0 8 * * 1-5", label: "Weekdays at 08:00" },
  { cron: "0 4 * * 0", label: "Sundays at 04:00" },
  { cron: "0 2 1 * *", label: "First of the month at 02:00" },
];

export function readCron(text: string): CronReading {
  const fields = text
    .trim()
    .split(/\s+/)
    .filter((f) => f !== "");
  if (fields.length === 0)
    return { ok: false, error: "Give five fields: minute, hour, day, month, weekday." };
  if (fields.length !== 5 && fields.length !== 6) {
    return {
      ok: false,
      error: `Give five fields (minute, hour, day, month, weekday), or six with seconds first; this has ${fields.length}.`,
    };
  }
  for (const [i, rule] of (fields.length === 6 ? [SECOND, ...RULES] : RULES).entries()) {
    const error = checkField(fields[i] ?? "", rule);
    if (error !== null) return { ok: false, error };
  }
  if (fields.length === 5) return { ok: true, words: wordsOf(fields) };
  return { ok: true, words: fields[0] === "0" ? wordsOf(fields.slice(1)) : null };
}

function checkField(field: string, rule: FieldRule): string | null {
  for (const piece of field.split(",")) {
    const [range = "", step, more] = piece.split("/");
    if (more !== undefined || piece === "") return `${rule.name}: “${field}” cannot be read.`;
    if (step !== undefined && !/^[1-9]\d*$/.test(step))
      return `${rule.name}: the step “${step}” is not a number from 1.`;
    if (range === "*" || range === "?" || /^(L|\d+L|L-\d+|\d*W|LW|[0-7A-Z]+#(\d|L))$/i.test(range)) continue;
    const ends = range.split("-");
    if (ends.length > 2) return `${rule.name}: “${range}” cannot be read.`;
    const values = ends.map((end) => fieldValue(end, rule));
    if (values.some((v) => v === null)) {
      return `${rule.name}: “${range}” is not from ${rule.min} to ${rule.max}.`;
    }
    const [from, to] = values;
    if (from != null && to != null && from > to) return `${rule.name}: “${range}” runs backwards.`;
  }
  return null;
}

function fieldValue(text: string, rule: FieldRule): number | null {
  const named = rule.names.indexOf(text.toUpperCase());
  if (named >= 0) return named + rule.min;
  if (!/^\d{1,2}$/.test(text)) return null;
  const value = Number(text);
  return value >= rule.min && value <= rule.max ? value : null;
}

function wordsOf(fields: readonly string[]): string | null {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  if (month !== "*") return null;
  const every = /^\*\/(\d+)$/.exec(minute);
  if (hour === "*" && day === "*" && weekday === "*") {
    if (minute === "*") return "Every minute";
    if (every !== null) return `Every ${every[1]} minutes`;
    return isNumber(minute)
      ? Number(minute) === 0
        ? "Every hour"
        : `Every hour at minute ${Number(minute)}`
      : null;
  }
  const everyHours = /^\*\/(\d+)$/.exec(hour);
  if (everyHours !== null && isNumber(minute) && day === "*" && weekday === "*") {
    return `Every ${everyHours[1]} hours at minute ${Number(minute)}`;
  }
  if (!isNumber(minute) || !isNumber(hour)) return null;
  const at = `at ${two(hour)}:${two(minute)}`;
  if (day === "*" && weekday === "*") return `Every day ${at}`;
  if (day === "*") {
    const days = dayWords(weekday);
    return days === null ? null : `${days} ${at}`;
  }
  return weekday === "*" && isNumber(day) ? `On day ${Number(day)} of each month ${at}` : null;
}

function dayWords(weekday: string): string | null {
  if (/^(1-5|MON-FRI)$/i.test(weekday)) return "Weekdays";
  const rule = RULES[4];
  if (rule === undefined) return null;
  const days: string[] = [];
  for (const piece of weekday.split(",")) {
    const value = fieldValue(piece, rule);
    const word = value === null ? undefined : DAY_WORDS[value];
    if (word === undefined) return null;
    days.push(`${word}s`);
  }
  return days.join(", ");
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function two(text: string): string {
  return text.padStart(2, "0");
}
