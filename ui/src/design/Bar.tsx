import { useLayoutEffect, useRef } from "react";
import type { Tone } from "./Badge";
import styles from "./Bar.module.css";

/** One coloured part of a bar; `share` is 0..1 of the whole. */
export interface BarPart {
  tone: Tone;
  share: number;
}

export interface BarProps {
  /** Drawn one after another from the left. */
  parts: readonly BarPart[];
  /** What the bar measures, for readers ("Stage read"). */
  label: string;
  /** 0..100, for readers. */
  percent: number;
  /** `thin` is 4 px, `normal` 8 px. */
  size?: "thin" | "normal";
}

const FAST_MS = 1_000;

/** A bar of parts, each a full-width layer that is only transformed, so moving it never lays the page out. */
export function Bar({ parts, label, percent, size = "normal" }: BarProps) {
  const bar = useRef<HTMLDivElement>(null);
  const changedAt = useRef(Number.NEGATIVE_INFINITY);
  useLayoutEffect(() => {
    // Changes in quick succession are steps small enough to need no glide; hundreds of glides at once cost a core.
    const now = performance.now();
    if (bar.current) bar.current.dataset.pace = now - changedAt.current < FAST_MS ? "fast" : "calm";
    changedAt.current = now;
  });
  return (
    <div
      ref={bar}
      className={`${styles.bar} ${styles[size]}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(percent)}
    >
      {layers(parts).map(({ tone, start, share }, index) => (
        <div
          key={index}
          className={`${styles.part} ${styles[tone]}`}
          style={{ transform: `translateX(${start * 100}%) scaleX(${share})` }}
        />
      ))}
    </div>
  );
}

/** A bar of one colour. `value` is 0..1. */
export function SimpleBar({
  value,
  tone = "running",
  label,
  size,
}: {
  value: number;
  tone?: Tone;
  label: string;
  size?: "thin" | "normal";
}) {
  return (
    <Bar parts={[{ tone, share: value }]} label={label} percent={value * 100} {...(size ? { size } : {})} />
  );
}

function layers(parts: readonly BarPart[]) {
  let start = 0;
  return parts.map((part) => {
    const share = Math.max(0, Math.min(1 - start, Number.isFinite(part.share) ? part.share : 0));
    const layer = { tone: part.tone, start, share };
    start += share;
    return layer;
  });
}
