import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Session } from "../api";
import { Button, ConnectionBadge, format, Icon, Name, usePageCrumb } from "../design";
import { isTyping } from "../design/keys";
import { SESSION_KEY, useSignOut } from "../session/session.query";
import { useChannel, useConnection, useResets } from "../stream";
import { CommandPalette } from "./CommandPalette";
import styles from "./Frame.module.css";
import { breadcrumb, isInside, places } from "./navigation";
import { type Theme, useTheme } from "./theme";

/** What stands around every page: rail, top line, palette. */
export function Frame({ session, children }: { session: Session | undefined; children: ReactNode }) {
  const [palette, setPalette] = useState(false);
  const openPalette = useCallback(() => setPalette(true), []);
  useShortcuts(openPalette);
  // The quietest channel, so that every page knows how fresh it is.
  useChannel("limits");
  useSignedOut();
  useFreshAfterReset();
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#page">
        Skip to the page
      </a>
      <Rail session={session} />
      <TopLine session={session} onPalette={openPalette} />
      <main id="page" className={styles.main} tabIndex={-1}>
        {children}
      </main>
      {palette && <CommandPalette session={session} onClose={() => setPalette(false)} />}
    </div>
  );
}

function Rail({ session }: { session: Session | undefined }) {
  const [location] = useLocation();
  return (
    <nav className={styles.rail} aria-label="Main">
      <Link href="/" className={styles.brand} aria-label="Headway, home">
        <svg viewBox="0 0 16 16" aria-hidden="true" className={styles.mark}>
          <path d="M2 3.5h6M2 8h9M2 12.5h12" />
        </svg>
        <span>Headway</span>
      </Link>
      <ul className={styles.places}>
        {places(session).map((place) => (
          <li key={place.path} data-wide={place.wide || undefined}>
            <Link
              href={place.path}
              className={styles.place}
              aria-current={isInside(place, location) ? "page" : undefined}
            >
              <Icon name={place.icon} />
              <span>{place.title}</span>
            </Link>
          </li>
        ))}
      </ul>
      {session && (
        <p className={styles.version}>
          {session.dev && <strong>dev · </strong>}
          {session.version}
        </p>
      )}
    </nav>
  );
}

function TopLine({ session, onPalette }: { session: Session | undefined; onPalette: () => void }) {
  const [location] = useLocation();
  const connection = useConnection();
  const crumbTitle = usePageCrumb();
  return (
    <header className={styles.top}>
      <nav aria-label="Breadcrumb" className={styles.crumbs}>
        <ol>
          {breadcrumb(location, crumbTitle).map((crumb) => (
            <li key={crumb.title}>
              {crumb.path ? (
                <Link href={crumb.path}>{crumb.title}</Link>
              ) : (
                <span aria-current="page">{format.visible(crumb.title)}</span>
              )}
            </li>
          ))}
        </ol>
      </nav>
      <button
        type="button"
        className={styles.palette}
        title="Go to, start, search (Ctrl K)"
        aria-keyshortcuts="Control+k"
        onClick={onPalette}
      >
        <Icon name="search" />
        <span>Go to, start, search</span>
        <kbd>Ctrl K</kbd>
      </button>
      <ConnectionBadge connection={connection} compact />
      <ThemeSwitch />
      {session && <Account session={session} />}
    </header>
  );
}

const NEXT_THEME: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  const icon = theme === "system" ? "auto" : theme === "light" ? "sun" : "moon";
  const label = `Theme: ${theme}. Switch to ${NEXT_THEME[theme]}`;
  return (
    <Button
      kind="quiet"
      icon={icon}
      aria-label={label}
      title={label}
      onClick={() => setTheme(NEXT_THEME[theme])}
    />
  );
}

function Account({ session }: { session: Session }) {
  const signOut = useSignOut();
  return (
    <div className={styles.account}>
      <span title={`Role: ${session.user.role}`}>
        <Icon name="user" /> <Name text={session.user.name} />
      </span>
      {!session.dev && (
        <Button kind="quiet" busy={signOut.isPending} onClick={() => signOut.mutate()}>
          Sign out
        </Button>
      )}
    </div>
  );
}

/** After a restore nothing that was read before counts. */
function useFreshAfterReset() {
  const client = useQueryClient();
  const resets = useResets();
  useEffect(() => {
    if (resets > 0) client.invalidateQueries();
  }, [client, resets]);
}

/** The stream learns first that a session has ended; asking for the session then leads to sign-in. */
function useSignedOut() {
  const client = useQueryClient();
  const { reason } = useConnection();
  useEffect(() => {
    if (reason === "signed_out") client.invalidateQueries({ queryKey: SESSION_KEY });
  }, [client, reason]);
}

/** `Ctrl K` opens the palette, `/` goes to the page's search field. */
function useShortcuts(openPalette: () => void) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      const search = document.querySelector<HTMLElement>("main [data-search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [openPalette]);
}

export { isTyping };
