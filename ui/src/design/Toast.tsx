import { useEffect, useSyncExternalStore } from "react";
import { asProblem } from "../api/problem";
import { Button } from "./Button";
import { Icon } from "./Icon";
import styles from "./Toast.module.css";

/** A short word about what just happened, with at most one action (undo, open). */
export interface Toast {
  id: number;
  tone: "done" | "failed" | "info";
  text: string;
  action?: { label: string; run: () => void } | undefined;
}

const SHOWN_MS = 6000;
const MAX_TOASTS = 4;

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]) {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Shows a toast; failures stay until dismissed, the others go after six seconds. */
export function toast(tone: Toast["tone"], text: string, action?: Toast["action"]): void {
  set([...toasts.slice(-(MAX_TOASTS - 1)), { id: nextId++, tone, text, action }]);
}

/** Shows what a failed action ended with. `what` says what could not be done. */
export function toastProblem(what: string, error: unknown): void {
  const problem = asProblem(error);
  toast("failed", `${what}: ${problem.detail} (${problem.code})`);
}

/** Where toasts appear; one in the frame. */
export function Toaster() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className={styles.toaster} role="status" aria-live="polite">
      {shown.map((item) => (
        <ToastView key={item.id} item={item} />
      ))}
    </div>
  );
}

function ToastView({ item }: { item: Toast }) {
  const dismiss = () => set(toasts.filter((other) => other.id !== item.id));
  useEffect(() => {
    if (item.tone === "failed") return;
    const timer = setTimeout(() => set(toasts.filter((other) => other.id !== item.id)), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [item]);
  return (
    <div className={`${styles.toast} ${styles[item.tone]}`}>
      <Icon name={item.tone === "info" ? "info" : item.tone} className={styles.icon} />
      <span className={styles.text}>{item.text}</span>
      {item.action && (
        <Button
          kind="quiet"
          onClick={() => {
            item.action?.run();
            dismiss();
          }}
        >
          {item.action.label}
        </Button>
      )}
      <Button kind="quiet" icon="close" aria-label="Dismiss" onClick={dismiss} />
    </div>
  );
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
