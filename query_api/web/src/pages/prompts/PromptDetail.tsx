import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, api } from "@/api/client";
import { Aliases, DeletePrompt, Tags } from "@/pages/prompts/PromptChanges";
import styles from "@/pages/prompts/Registered.module.css";
import type { Search } from "@/pages/prompts/search";
import type { Version } from "@/pages/prompts/useDraft";
import { VersionView } from "@/pages/prompts/VersionView";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { Time } from "@/ui/Time";

const PAGE_SIZE = 50;

function useVersions(name: string) {
  return useInfiniteQuery({
    queryKey: ["prompts", "versions", name],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/v1/prompts/{name}/versions", {
          params: { path: { name }, query: { limit: PAGE_SIZE, page_token: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });
}

function VersionRow({ version, isShown }: { version: Version; isShown: boolean }) {
  return (
    <tr className={isShown ? styles.shown : undefined}>
      <td>
        <Link
          to="/prompts"
          search={{ tab: "registered", name: version.name, version: version.version }}
          aria-current={isShown ? "true" : undefined}
          resetScroll={false}
        >
          Version {version.version}
        </Link>
      </td>
      <td>
        {version.aliases.map((alias) => (
          <span key={alias} className={styles.chip}>
            {alias}
          </span>
        ))}
      </td>
      <td className={styles.message}>
        {version.commit_message ?? <span className="muted">no message</span>}
      </td>
      <td>{version.user ?? <span className="muted">–</span>}</td>
      <td>
        <Time time={version.creation_time} form="ago" />
      </td>
    </tr>
  );
}

/** One prompt: its versions, aliases and tags, and the version that the address names. */
export function PromptDetail({ name, search }: { name: string; search: Search }) {
  const prompt = useQuery({
    queryKey: ["prompts", "prompt", name],
    queryFn: ({ signal }) => answer(api.GET("/v1/prompts/{name}", { params: { path: { name } }, signal })),
  });
  const versions = useVersions(name);
  const error = prompt.error ?? versions.error;
  if (error)
    return (
      <ErrorBox error={error} onRetry={() => void Promise.all([prompt.refetch(), versions.refetch()])} />
    );
  if (prompt.data === undefined || versions.data === undefined) return <Loading heightPx={360} />;
  const listed = versions.data.pages.flatMap((page) => page.versions);
  const asked = String(search.version ?? "latest");
  const aliased = prompt.data.aliases[asked];
  const number =
    asked === "latest" ? prompt.data.latest_version : (aliased ?? Number(asked.replace(/^v/, "")));
  return (
    <div className="stack">
      <section className="card stack" aria-labelledby="prompt-title">
        <div className={styles.head}>
          <h2 id="prompt-title" className={styles.name}>
            {name}
          </h2>
          <DeletePrompt name={name} versionCount={prompt.data.version_count} />
        </div>
        <Aliases prompt={prompt.data} />
        <Tags prompt={prompt.data} />
        <div className="scroll-x">
          <table className="plain-table">
            <caption className="visually-hidden">Versions, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Version</th>
                <th scope="col">Aliases</th>
                <th scope="col">What has changed</th>
                <th scope="col">By</th>
                <th scope="col">When</th>
              </tr>
            </thead>
            <tbody>
              {listed.map((version) => (
                <VersionRow key={version.version} version={version} isShown={version.version === number} />
              ))}
            </tbody>
          </table>
        </div>
        {versions.hasNextPage && (
          <div>
            <button
              type="button"
              className="button small"
              disabled={versions.isFetchingNextPage}
              onClick={() => void versions.fetchNextPage()}
            >
              Show older versions
            </button>
          </div>
        )}
      </section>
      <VersionView name={name} which={asked} search={search} listed={listed} />
    </div>
  );
}
