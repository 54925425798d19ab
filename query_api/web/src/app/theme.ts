import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "spanfold.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system"; // storage is forbidden
  }
}

/** Let the document show the chosen theme, or the system's. */
export function applyTheme(): void {
  const theme = chosen();
  document.documentElement.dataset.theme = theme === "system" ? (system.matches ? "dark" : "light") : theme;
  for (const listener of listeners) listener();
}

export function setTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice lasts no longer than the page.
  }
  applyTheme();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The choice: what the button of the side bar shows. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, chosen);
}

/** What is shown, "light" or "dark": charts are drawn anew when it changes. */
export function useShownTheme(): string {
  return useSyncExternalStore(subscribe, () => document.documentElement.dataset.theme ?? "light");
}

system.addEventListener("change", applyTheme);
