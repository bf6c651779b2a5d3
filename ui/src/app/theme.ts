import { useSyncExternalStore } from "react";

/** `system` follows the device. Kept in this browser. */
export type Theme = "system" | "light" | "dark";

const KEY = "headway.theme";
const listeners = new Set<() => void>();
let current: Theme = "system";

export function readTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function applyTheme(theme: Theme): void {
  current = theme;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, () => current);
  return [theme, keepTheme] as const;
}

function keepTheme(theme: Theme) {
  localStorage.setItem(KEY, theme);
  applyTheme(theme);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
