import { Link, useSearch } from "@tanstack/react-router";
import { Registered } from "@/pages/prompts/Registered";
import { tabOf } from "@/pages/prompts/search";
import { Workbench } from "@/pages/prompts/Workbench";
import styles from "@/pages/prompts/Workbench.module.css";
import { lastPlace } from "@/pages/prompts/workspace";
import { Page } from "@/ui/Page";

/** Prompt engineering: a workbench for prompts, and those that are registered. */
export default function PromptsPage() {
  const search = useSearch({ from: "/prompts" });
  const tab = tabOf(search);
  const current = (one: string) => (one === tab ? ("page" as const) : undefined);
  return (
    <Page
      title="Prompt engineering"
      actions={
        <nav aria-label="Views" className="row">
          <Link
            className={`button small ${styles.tab}`}
            to="/prompts"
            search={tab === "workbench" ? search : lastPlace()}
            aria-current={current("workbench")}
          >
            Workbench
          </Link>
          <Link
            className={`button small ${styles.tab}`}
            to="/prompts"
            search={{ tab: "registered", name: search.name, version: search.version }}
            aria-current={current("registered")}
          >
            Registered prompts
          </Link>
        </nav>
      }
    >
      {tab === "workbench" ? <Workbench search={search} /> : <Registered search={search} />}
    </Page>
  );
}
