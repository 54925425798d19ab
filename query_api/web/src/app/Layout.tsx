import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { LostServerError } from "@/api/problem";
import styles from "@/app/Layout.module.css";
import { ServerStatus } from "@/app/ServerStatus";
import { ShortcutHelp, useShortcuts } from "@/app/shortcuts";
import { setTheme, type Theme, useTheme } from "@/app/theme";
import { ErrorBox } from "@/ui/ErrorBox";

/** All traces of all time are one choice away; to count them takes seconds where there are millions. */
const RECENT = { since: "24h" };
const PAGES = [
  { to: "/", name: "Home", key: "h", search: {} },
  { to: "/traces", name: "Traces", key: "t", search: RECENT },
  { to: "/models", name: "Models", key: "m", search: {} },
  { to: "/compare", name: "Compare", key: "c", search: {} },
  { to: "/evaluations", name: "Evaluations", key: "e", search: {} },
  { to: "/prompts", name: "Prompts", key: "p", search: {} },
  { to: "/operations", name: "Operations", key: "o", search: {} },
] as const;

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };
const THEME_NAMES: Readonly<Record<Theme, string>> = { system: "System", light: "Light", dark: "Dark" };

function ThemeButton() {
  const theme = useTheme();
  return (
    <button type="button" className="button quiet small" onClick={() => setTheme(NEXT_THEME[theme])}>
      <span className="visually-hidden">Colours: </span>
      {THEME_NAMES[theme]}
    </button>
  );
}

/** What every page has around it: the way to the others, and whether the server answers. */
export function Layout() {
  const navigate = useNavigate();
  useShortcuts(
    PAGES.map(({ to, name, key, search }) => ({
      keys: `g ${key}`,
      label: `Go to ${name}`,
      run: () => void navigate({ to, search }),
    })),
  );
  return (
    <div className={styles.layout}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <header className={styles.bar}>
        <Link to="/" className={styles.brand}>
          <img src="/assets/icon.svg" alt="" width="22" height="22" />
          spanfold
        </Link>
        <nav aria-label="Pages" className={styles.pages}>
          {PAGES.map((page) => (
            <Link
              key={page.to}
              to={page.to}
              search={page.search}
              className={styles.page}
              activeProps={{ "aria-current": "page" }}
              activeOptions={{ exact: page.to === "/", includeSearch: false }}
            >
              {page.name}
            </Link>
          ))}
        </nav>
        <div className={styles.foot}>
          <ThemeButton />
          <ShortcutHelp />
        </div>
      </header>
      <main id="main" className={styles.main} tabIndex={-1}>
        <ServerStatus />
        <Outlet />
      </main>
    </div>
  );
}

export function NoSuchPage() {
  return (
    <div className="stack">
      <h1>There is no such page</h1>
      <p>
        The address is wrong, or what it named is gone. <Link to="/">Go home</Link>
      </p>
    </div>
  );
}

/** What browsers and Vite say when a file of a page does not come: the server is away, or was replaced meanwhile. */
const NO_FILE = /dynamically imported module|preload CSS|module script/;

export function PageFailed({ error }: { error: unknown }) {
  const failure = error instanceof Error ? error : new Error(String(error));
  const isLost = NO_FILE.test(failure.message);
  return (
    <ErrorBox error={isLost ? new LostServerError() : failure} onRetry={() => window.location.reload()} />
  );
}
