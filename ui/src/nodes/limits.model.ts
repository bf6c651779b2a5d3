import type { Limit } from "../api";

export interface StepPoint {
  at: number;
  value: number;
}

/** The limit over time as steps: what it was before the first change, each change, and now. */
export function steps(limit: Limit, now: number): StepPoint[] {
  const history = [...limit.history].sort((a, b) => a.at - b.at);
  const first = history[0];
  if (!first)
    return [
      { at: limit.changed_at, value: limit.limit },
      { at: Math.max(now, limit.changed_at + 1), value: limit.limit },
    ];
  const points: StepPoint[] = [{ at: first.at, value: first.from }];
  for (const change of history) points.push({ at: change.at, value: change.to });
  points.push({ at: Math.max(now, (history.at(-1)?.at ?? now) + 1), value: limit.limit });
  return points;
}

/** The steps as an SVG path in a box of `width` × `height`. */
export function stepPath(points: readonly StepPoint[], width: number, height: number): string {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return "";
  const max = Math.max(1, ...points.map((point) => point.value));
  const x = (at: number) => (((at - first.at) / Math.max(1, last.at - first.at)) * width).toFixed(1);
  const y = (value: number) => (height - (value / max) * height).toFixed(1);
  let path = `M${x(first.at)} ${y(first.value)}`;
  for (const point of points.slice(1)) path += `H${x(point.at)}V${y(point.value)}`;
  return path;
}

/** What a limit is for, in words. */
export function limitTitle(name: string): string {
  if (name === "cpu") return "CPU";
  if (name.startsWith("io:")) return `Input and output: ${name.slice("io:".length)}`;
  return name.startsWith("bucket:") ? name.slice("bucket:".length) : name;
}

export const MIN_PIN = 1;
export const MAX_PIN = 1_024;

/** What is wrong with a number typed to pin a limit to, or null. */
export function pinProblem(text: string): string | null {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value)) return "A whole number.";
  return value < MIN_PIN || value > MAX_PIN ? "Between 1 and 1,024." : null;
}
