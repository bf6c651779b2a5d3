import { type ReactNode, useEffect } from "react";
import { showCrumb } from "./crumb";
import styles from "./Page.module.css";

export interface PageProps {
  /** Also the tab's title. */
  title: string;
  /** What the breadcrumb calls it, where that is not the title. */
  crumb?: string;
  /** Instead of the title's text, where it needs more than text. */
  heading?: ReactNode;
  /** At the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page below the top line: title, actions, content in a column with even space. */
export function Page({ title, crumb = title, heading, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Headway`;
  }, [title]);
  useEffect(() => showCrumb(crumb), [crumb]);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.title}>{heading ?? <h1>{title}</h1>}</div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Controls in a row that wraps (filters, bulk actions). */
export function Toolbar({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <div className={styles.toolbar} role="group" aria-label={label}>
      {children}
    </div>
  );
}

/** Names and values. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
