import { type ReactNode, useEffect, useRef } from "react";
import type { Tone } from "./Badge";
import styles from "./Card.module.css";

export interface CardProps {
  title?: ReactNode;
  /** What stands at the right of the title. */
  actions?: ReactNode;
  /** No padding around the children (tables). */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A framed part of a page. */
export function Card({ title, actions, flush = false, className, children }: CardProps) {
  return (
    <section className={[styles.card, className].filter(Boolean).join(" ")}>
      {(title || actions) && (
        <header className={styles.head}>
          <h2>{title}</h2>
          {actions && <div className={styles.actions}>{actions}</div>}
        </header>
      )}
      <div className={flush ? styles.flush : styles.body}>{children}</div>
    </section>
  );
}

export interface StatCardProps {
  label: string;
  /** Already formatted; a change pulses the card once. */
  value: string;
  /** A short line below. */
  note?: ReactNode;
  tone?: Tone;
  /** Changes when a milestone is reached; the card flashes then. */
  milestone?: number;
}

/** One figure with its name. Pulses once when the figure changes, flashes at a milestone. */
export function StatCard({ label, value, note, tone, milestone }: StatCardProps) {
  const card = useRef<HTMLDivElement>(null);
  useOnChange(value, () => play(card.current, "--pulse-from"));
  useOnChange(milestone, () => play(card.current, "--flash-from"));
  return (
    <div className={styles.stat} ref={card}>
      <div className={styles.label}>{label}</div>
      <div className={[styles.value, tone && styles[tone]].filter(Boolean).join(" ")}>{value}</div>
      {note !== undefined && <div className={styles.note}>{note}</div>}
    </div>
  );
}

/** Stat cards in a row that wraps. */
export function StatRow({ children }: { children: ReactNode }) {
  return <div className={styles.row}>{children}</div>;
}

function useOnChange<T>(value: T, act: () => void) {
  const last = useRef(value);
  useEffect(() => {
    if (Object.is(last.current, value)) return;
    last.current = value;
    act();
  });
}

function play(element: HTMLElement | null, from: "--pulse-from" | "--flash-from") {
  if (!element || window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  // A figure that changes all the time pulses calmly, one pulse after another.
  if (element.getAnimations().some((animation) => animation.playState === "running")) return;
  const style = getComputedStyle(element);
  element.animate(
    [{ backgroundColor: style.getPropertyValue(from) }, { backgroundColor: style.getPropertyValue("--to") }],
    {
      duration: 600,
      easing: "ease-out",
    },
  );
}
