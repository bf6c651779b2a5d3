import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./Button";
import styles from "./Panel.module.css";

export interface PanelProps {
  title: ReactNode;
  onClose: () => void;
  /** Below the title, beside nothing. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A panel at the side of the page (full width on phones). Not a modal: the page stays usable; Escape closes it. */
export function Panel({ title, onClose, actions, children }: PanelProps) {
  const id = useId();
  const panel = useRef<HTMLElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus({ preventScroll: true });
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) close.current();
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <aside className={styles.panel} aria-labelledby={id} tabIndex={-1} ref={panel}>
      <header className={styles.head}>
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" icon="close" aria-label="Close panel" onClick={onClose} />
      </header>
      {actions && <div className={styles.actions}>{actions}</div>}
      <div className={styles.body}>{children}</div>
    </aside>
  );
}
