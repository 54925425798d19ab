import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { answer, api } from "@/api/client";
import styles from "@/pages/prompts/Registered.module.css";
import type { Search } from "@/pages/prompts/search";
import type { Version } from "@/pages/prompts/useDraft";
import { CopyButton } from "@/ui/CopyButton";
import { DiffText } from "@/ui/DiffText";
import { ErrorBox } from "@/ui/ErrorBox";
import { quoted } from "@/ui/FilterBoxTokens";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { LongText } from "@/ui/LongText";
import { Time } from "@/ui/Time";

const COUNTED_SINCE = "30d";

/** Everything that a version says, as one text: what a comparison compares. */
function asOneText(version: Version): string {
  const parts =
    typeof version.template === "string"
      ? [version.template]
      : version.template.map(({ role, content }) => `${role}:\n${content}`);
  if (version.model_settings !== null)
    parts.push(`model settings:\n${JSON.stringify(version.model_settings, null, 2)}`);
  if (version.response_format !== null)
    parts.push(`response format:\n${JSON.stringify(version.response_format, null, 2)}`);
  return parts.join("\n\n");
}

function useVersion(name: string, which: string | undefined) {
  return useQuery({
    queryKey: ["prompts", "version", name, which],
    enabled: which !== undefined,
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/prompts/{name}/versions/{version}", {
          params: { path: { name, version: which ?? "" } },
          signal,
        }),
      ),
  });
}

/** How many traces a version made lately, with the way to them. */
function WhereUsed({ version }: { version: Version }) {
  const filter = `span.prompt = ${quoted(`${version.name}/${version.version}`)}`;
  const { data, error } = useQuery({
    queryKey: ["prompts", "used", filter],
    queryFn: ({ signal }) => {
      const start = new Date(Date.now() - 30 * 86_400_000).toISOString();
      return answer(api.GET("/v1/traces/count", { params: { query: { filter, start } }, signal }));
    },
  });
  return (
    <Link to="/traces" search={{ filter, since: COUNTED_SINCE }}>
      {error
        ? "Traces that it made"
        : data === undefined
          ? "Counting traces…"
          : `${count(data.count)} ${data.count === 1 ? "trace" : "traces"} in the last 30 days`}
    </Link>
  );
}

function Template({ version }: { version: Version }) {
  if (typeof version.template === "string")
    return (
      <div className={styles.template}>
        <LongText text={version.template} />
      </div>
    );
  return version.template.map((message, index) => (
    <div key={index} className={styles.template}>
      <span className={styles.role}>{message.role}</span>
      <LongText text={message.content ?? ""} />
    </div>
  ));
}

function Facts({ version }: { version: Version }) {
  const json = (value: unknown) => <pre>{JSON.stringify(value, null, 2)}</pre>;
  return (
    <dl className={styles.facts}>
      <dt>Variables</dt>
      <dd>{version.variables.length === 0 ? "none" : version.variables.join(", ")}</dd>
      <dt>Model settings</dt>
      <dd>{version.model_settings === null ? "none" : json(version.model_settings)}</dd>
      {version.response_format !== null && (
        <>
          <dt>Response format</dt>
          <dd>{json(version.response_format)}</dd>
        </>
      )}
      {Object.keys(version.tags).length > 0 && (
        <>
          <dt>Tags</dt>
          <dd>
            {Object.entries(version.tags)
              .map(([key, value]) => `${key} = ${value}`)
              .join(", ")}
          </dd>
        </>
      )}
      <dt>Registered</dt>
      <dd>
        <Time time={version.creation_time} />
      </dd>
      <dt>Used by</dt>
      <dd>
        <WhereUsed version={version} />
      </dd>
    </dl>
  );
}

interface Props {
  name: string;
  /** A number, an alias, or `latest`. */
  which: string;
  search: Search;
  listed: readonly Version[];
}

/** A version with everything that belongs to it, or what differs between it and another one. */
export function VersionView({ name, which, search, listed }: Props) {
  const navigate = useNavigate();
  const shown = useVersion(name, which);
  const other = useVersion(name, search.against === undefined ? undefined : String(search.against));
  if (shown.error) return <ErrorBox error={shown.error} onRetry={() => void shown.refetch()} />;
  if (shown.data === undefined) return <Loading heightPx={240} />;
  const version = shown.data;
  const compare = (against: string) =>
    void navigate({
      to: "/prompts",
      search: {
        tab: "registered",
        name,
        version: version.version,
        ...(against !== "" && { against }),
      },
      resetScroll: false,
    });
  return (
    <section className="card stack" aria-labelledby="version-title">
      <div className={styles.head}>
        <h2 id="version-title">Version {version.version}</h2>
        <div className="row">
          <label className="row">
            Compare with
            <select
              className="field"
              value={search.against ?? ""}
              onChange={({ target }) => compare(target.value)}
            >
              <option value="">nothing</option>
              {listed
                .filter((one) => one.version !== version.version)
                .map((one) => (
                  <option key={one.version} value={one.version}>
                    version {one.version}
                  </option>
                ))}
            </select>
          </label>
          <CopyButton text={version.uri} label="Copy the URI" />
          <Link
            className="button small primary"
            to="/prompts"
            search={{ tab: "workbench", name, version: version.version }}
          >
            Open in the workbench
          </Link>
        </div>
      </div>
      {version.commit_message !== null && <p>{version.commit_message}</p>}
      {other.error && <ErrorBox error={other.error} />}
      {search.against !== undefined && other.data !== undefined ? (
        <div className="scroll-x">
          <DiffText
            before={asOneText(other.data)}
            after={asOneText(version)}
            beforeLabel={`Version ${other.data.version}`}
            afterLabel={`Version ${version.version}`}
          />
        </div>
      ) : (
        <Template version={version} />
      )}
      <Facts version={version} />
    </section>
  );
}
