import { type ComponentType, useMemo } from "react";
import { Link, useLocation } from "wouter";
import type { Session } from "../api";
import { EmptyState, Page } from "../design";
import { may, useSession } from "../session/session.query";
import { AboutSection } from "./AboutSection";
import { AppearanceSection } from "./AppearanceSection";
import { AuditSection } from "./AuditSection";
import { BackupSection } from "./BackupSection";
import { ConfigSection } from "./ConfigSection";
import { SchedulesSection } from "./SchedulesSection";
import styles from "./SettingsPage.module.css";
import { TokensSection } from "./TokensSection";

interface Section {
  path: string;
  title: string;
  view: ComponentType;
  /** Shown only to those who may. */
  permission?: string;
}

const SECTIONS: readonly Section[] = [
  { path: "/settings/appearance", title: "Appearance", view: AppearanceSection },
  { path: "/settings/tokens", title: "Access tokens", view: TokensSection, permission: "tokens:write" },
  { path: "/settings/schedules", title: "Schedules", view: SchedulesSection, permission: "schedules:read" },
  { path: "/settings/config", title: "Configuration", view: ConfigSection, permission: "settings:read" },
  { path: "/settings/backup", title: "Backup", view: BackupSection, permission: "backup:write" },
  { path: "/settings/audit", title: "Audit log", view: AuditSection, permission: "audit:read" },
  { path: "/settings/about", title: "About", view: AboutSection },
];

/** `/settings/*`: one section at a time, each with its address. */
export default function SettingsPage() {
  const [path] = useLocation();
  const session = useSession();
  const sections = useMemo(() => visible(session.data ?? null), [session.data]);
  const current = path === "/settings" ? sections[0] : SECTIONS.find((section) => section.path === path);
  const View = current?.view;
  return (
    <Page
      title={current === undefined ? "Settings" : `Settings: ${current.title}`}
      {...(current === undefined ? {} : { crumb: current.title })}
      heading={<h1>Settings</h1>}
    >
      <div className={styles.columns}>
        <nav aria-label="Settings" className={styles.nav}>
          <ul>
            {sections.map((section) => (
              <li key={section.path}>
                <Link
                  href={section.path}
                  className={styles.link}
                  aria-current={section === current ? "page" : undefined}
                >
                  {section.title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className={styles.section}>
          {View === undefined ? (
            <EmptyState
              icon="settings"
              title="No such settings"
              action={<Link href="/settings">All settings</Link>}
            >
              The link may be old or cut short.
            </EmptyState>
          ) : (
            <View />
          )}
        </div>
      </div>
    </Page>
  );
}

/** Everyone sees what they may open. The server decides again on every call. */
function visible(session: Session | null): readonly Section[] {
  return SECTIONS.filter((section) => section.permission === undefined || may(session, section.permission));
}
