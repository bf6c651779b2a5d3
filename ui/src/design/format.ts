/**
 * Numbers, sizes, times and names as people read them. Pure: the clock is an argument.
 * Figures always use `en` grouping with a thin no-break space, so widths stay equal in every locale.
 */

const GROUP = "\u202f";
const NONE = "–";

/** `12345` → `12 345`; a fraction keeps at most `digits` decimals. */
export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const fixed = value.toFixed(digits);
  const [whole = "0", fraction] = fixed.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, GROUP);
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Percent of 0..100 that says 100 % only at 100, and 0 % only at 0. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value >= 100) return "100 %";
  if (value <= 0) return "0 %";
  const floor = Math.floor(value * 10) / 10;
  return floor === 0 ? "< 0.1 %" : `${floor.toFixed(1)} %`;
}

/** Bytes in binary units: `1536` → `1.5 KiB`. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Milliseconds as the two largest units: `3 ms`, `4.2 s`, `2 min 05 s`, `1 h 02 min`, `3 d 4 h`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  const value = Math.max(0, ms);
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 10_000) return `${(Math.floor(value / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(value / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Duration in whole seconds, for clocks that tick: never shows tenths. */
export function elapsed(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  return ms < 1000 ? "0 s" : duration(ms < 10_000 ? Math.floor(ms / 1000) * 1000 : ms).replace(".0 s", " s");
}

/** A rate: `12.4/s`, below one a second `18/min`, below one a minute `3/h`. */
export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined || !Number.isFinite(perSecond)) return NONE;
  if (perSecond <= 0) return "0/s";
  if (perSecond >= 100) return `${number(Math.round(perSecond))}/s`;
  if (perSecond >= 1) return `${perSecond.toFixed(1)}/s`;
  if (perSecond * 60 >= 1) return `${Math.round(perSecond * 60)}/min`;
  return `${Math.max(1, Math.round(perSecond * 3600))}/h`;
}

/** `14:03:09` in local time. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `14:03:09.042` in local time. */
export function clockMs(at: number): string {
  return `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;
}

/** `2026-11-22 14:03:09` in local time. */
export function dateTime(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)}`;
}

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`, or `in 5 min`. */
export function relative(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 2000) return "just now";
  const seconds = Math.floor(distance / 1000);
  const text =
    seconds < 60
      ? `${seconds} s`
      : seconds < 3600
        ? `${Math.floor(seconds / 60)} min`
        : seconds < 86_400
          ? `${Math.floor(seconds / 3600)} h`
          : `${Math.floor(seconds / 86_400)} d`;
  return at > now ? `in ${text}` : `${text} ago`;
}

/** `1 item`, `12 items`; the plural is given where it is not `…s`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/**
 * A name from outside made safe to look at: controls become their Unicode pictures, and characters that
 * reorder or hide text (bidi overrides, zero-width) become `⟨U+202E⟩`. Markup needs no care: React writes text.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** Control and format characters and line separators, but not the joiner inside an emoji. */
const HIDDEN =
  /(?!(?<=\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})\u200d(?=\p{Extended_Pictographic}))[\p{Cc}\p{Cf}\u2028\u2029]/gu;

function two(value: number): string {
  return String(value).padStart(2, "0");
}
