import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { answer, api } from "@/api/client";
import { PromptDetail } from "@/pages/prompts/PromptDetail";
import styles from "@/pages/prompts/Registered.module.css";
import type { Search } from "@/pages/prompts/search";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { quoted } from "@/ui/FilterBoxTokens";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Time } from "@/ui/Time";

const PAGE_SIZE = 50;

/** The condition that finds names which hold a text as it is typed. */
function nameCondition(typed: string): string {
  const text = typed.trim();
  return text === "" ? "" : `name ILIKE ${quoted(`%${text.replace(/[\\%_]/g, "\\$&")}%`)}`;
}

function usePrompts(filter: string) {
  return useInfiniteQuery({
    queryKey: ["prompts", "list", filter],
    initialPageParam: undefined as string | undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/v1/prompts", {
          params: { query: { filter, limit: PAGE_SIZE, page_token: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });
}

function FirstPrompt() {
  return (
    <Empty title="No prompt is registered yet">
      <p>
        Write one in the{" "}
        <Link to="/prompts" search={{ tab: "workbench" }}>
          workbench
        </Link>{" "}
        and save it as a version, or register one from a program or the shell:
      </p>
      <pre>
        {
          'echo "Say hello to {{ name }}." | spanfold prompts register greeting --message "first" --alias production'
        }
      </pre>
    </Empty>
  );
}

/** The prompts that there are; the one that the address names stands beside them. */
export function Registered({ search }: { search: Search }) {
  const [typed, setTyped] = useState("");
  const filter = nameCondition(useDeferredValue(typed));
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    usePrompts(filter);
  if (isPending) return <Loading heightPx={360} />;
  if (error) return <ErrorBox error={error} onRetry={() => void refetch()} />;
  const prompts = data.pages.flatMap((page) => page.prompts);
  if (prompts.length === 0 && filter === "" && search.name === undefined) return <FirstPrompt />;
  return (
    <div className={styles.registered}>
      <section className={`card ${styles.list}`} aria-label="Registered prompts">
        <input
          className="field"
          type="search"
          aria-label="Find a prompt by its name"
          placeholder="Find by name"
          maxLength={200}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        {prompts.length === 0 && <p className="muted">No prompt has such a name.</p>}
        <ul>
          {prompts.map((prompt) => (
            <li key={prompt.name}>
              <Link
                to="/prompts"
                search={{ tab: "registered", name: prompt.name }}
                className={styles.prompt}
                aria-current={prompt.name === search.name ? "true" : undefined}
              >
                <strong className={styles.name}>{prompt.name}</strong>
                <span className="muted">
                  {count(prompt.version_count)} {prompt.version_count === 1 ? "version" : "versions"} ·{" "}
                  <Time time={prompt.last_updated_time} form="ago" />
                </span>
                {Object.entries(prompt.aliases).length > 0 && (
                  <span className="muted">
                    {Object.entries(prompt.aliases)
                      .slice(0, 4)
                      .map(([alias, number]) => `${alias} = ${number}`)
                      .join(", ")}
                  </span>
                )}
              </Link>
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <button
            type="button"
            className="button small"
            disabled={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
          >
            Show more
          </button>
        )}
      </section>
      {search.name === undefined ? (
        <Empty title="Choose a prompt">
          <p>Its versions, aliases and tags are shown here.</p>
        </Empty>
      ) : (
        <PromptDetail key={search.name} name={search.name} search={search} />
      )}
    </div>
  );
}
