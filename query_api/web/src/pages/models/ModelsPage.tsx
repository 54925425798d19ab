import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useShortcuts } from "@/app/shortcuts";
import { useModels, useTrends } from "@/pages/models/queries";
import { MAX_CHOSEN, ORDERS, type Order, type Search } from "@/pages/models/search";
import { VersionRow } from "@/pages/models/VersionRow";
import styles from "@/pages/models/Versions.module.css";
import { type Group, groupsOf } from "@/pages/models/versions";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Page } from "@/ui/Page";
import { PeriodPicker } from "@/ui/PeriodPicker";

const route = getRouteApi("/models");

function Controls({ search, onChange }: { search: Search; onChange: (search: Search) => void }) {
  const [typed, setTyped] = useState(search.filter ?? "");
  useEffect(() => setTyped(search.filter ?? ""), [search.filter]);
  const field = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: "/", label: "Search", run: () => field.current?.focus() }]);
  const { filter: _, ...others } = search;
  const find = (filter: string) => onChange({ ...others, ...(filter && { filter }) });
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        find(typed.trim());
      }}
    >
      <input
        ref={field}
        type="search"
        className={`field ${styles.search}`}
        aria-label="Find versions"
        placeholder="Part of a name, or a condition: params.top_k = '3' AND tags.team = 'ml'"
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          if (target.value === "") find("");
        }}
      />
      <button type="submit" className="button">
        Find
      </button>
      <select
        className="field"
        aria-label="Order"
        value={search.order ?? "newest"}
        onChange={({ target }) => {
          const { order: _old, ...rest } = search;
          const order = target.value as Order;
          onChange({ ...rest, ...(order !== "newest" && { order }) });
        }}
      >
        {Object.entries(ORDERS).map(([order, name]) => (
          <option key={order} value={order}>
            {name}
          </option>
        ))}
      </select>
    </form>
  );
}

function ChosenBar({ chosen, search, onClear }: { chosen: string[]; search: Search; onClear: () => void }) {
  const { since, start, end } = search;
  const isEnough = chosen.length > 1;
  return (
    <section className={styles.chosen} aria-label="Chosen versions">
      <strong>{chosen.length} chosen</strong>
      <span className="muted">
        {isEnough ? `up to ${MAX_CHOSEN} can be compared` : "choose one more to compare them"}
      </span>
      <span className="row">
        <button type="button" className="button small" onClick={onClear}>
          Clear
        </button>
        {isEnough && (
          <Link
            to="/compare"
            search={{
              models: chosen.join(","),
              ...(since && { since }),
              ...(start && { start }),
              ...(end && { end }),
            }}
            className="button primary small"
          >
            Compare
          </Link>
        )}
      </span>
    </section>
  );
}

function NoVersions({ isSearch, onClear }: { isSearch: boolean; onClear: () => void }) {
  if (isSearch)
    return (
      <Empty title="No version matches">
        <button type="button" className="button" onClick={onClear}>
          Show all versions
        </button>
      </Empty>
    );
  return (
    <Empty title="No versions yet">
      <p>
        Name the version that runs, and its traces find their place here:
        <br />
        <code>spanfold.set_active_model(name="support-bot-v1")</code>
      </p>
    </Empty>
  );
}

/** The versions from left to right as a reader goes through them. */
function inOrder(groups: readonly Group[]): string[] {
  return groups.flatMap(({ versions }) => versions.map(({ model }) => model.model_id));
}

export default function ModelsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (to: Search) => navigate({ search: to, replace: true, resetScroll: false });
  const order = search.order ?? "newest";
  const models = useModels(search.filter ?? "", order);
  const pages = models.data?.pages ?? [];
  const { filter: _filter, order: _order, chosen: chosenText = "", ...period } = search;
  const { trends, spans, error, isPending, refetch } = useTrends(pages, period);
  const found = models.data?.pages.flatMap((page) => page.models);
  const groups = useMemo(() => groupsOf(found ?? [], trends, order), [found, trends, order]);

  const chosen = chosenText === "" ? [] : chosenText.split(",");
  const choose = (ids: readonly string[]) => {
    const { chosen: _old, ...rest } = search;
    change({ ...rest, ...(ids.length > 0 && { chosen: ids.join(",") }) });
  };
  const toggle = (id: string) =>
    choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(0, MAX_CHOSEN));

  const [marked, setMarked] = useState("");
  const ids = inOrder(groups);
  const move = (step: 1 | -1) => {
    const id = ids[Math.max(0, Math.min(ids.length - 1, ids.indexOf(marked) + step))] ?? "";
    setMarked(id);
    document.querySelector(`[data-version="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts([
    { keys: "j", label: "Next version", run: () => move(1) },
    { keys: "k", label: "Previous version", run: () => move(-1) },
    { keys: "x", label: "Choose the version", run: () => marked !== "" && toggle(marked) },
    {
      keys: "Enter",
      label: "Open the version",
      run: () => marked !== "" && navigate({ to: "/models/$modelId", params: { modelId: marked } }),
    },
    {
      keys: "c",
      label: "Compare the chosen versions",
      run: () => chosen.length > 1 && navigate({ to: "/compare", search: { ...period, models: chosenText } }),
    },
  ]);

  return (
    <Page
      title="Models"
      actions={
        <PeriodPicker
          period={period}
          onChange={(to) => {
            const { since: _since, start: _start, end: _end, ...rest } = search;
            change({ ...rest, ...to });
          }}
        />
      }
    >
      <Controls search={search} onChange={change} />
      {models.error && <ErrorBox error={models.error} onRetry={() => void models.refetch()} />}
      {error && <ErrorBox error={error} onRetry={refetch} />}
      {(models.isPending || (isPending && trends.length === 0 && found?.length !== 0)) && (
        <Loading heightPx={320} />
      )}
      {found?.length === 0 && !models.error && (
        <NoVersions isSearch={(search.filter ?? "") !== ""} onClear={() => change(period)} />
      )}
      {(trends.length > 0 || error) &&
        groups.map((group) => (
          <section key={group.key} className="card" aria-label={group.title}>
            <div className="row spread">
              <h2>
                {group.kind === "application"
                  ? group.title
                  : `Without traffic in the period · experiment ${group.title}`}
              </h2>
              <span className="muted">
                {count(group.versions.length)} {group.versions.length === 1 ? "version" : "versions"}
              </span>
            </div>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">
                    <span className="visually-hidden">Choose</span>
                  </th>
                  <th scope="col">Version</th>
                  <th scope="col">Traces</th>
                  <th scope="col">Errors</th>
                  <th scope="col">Latency</th>
                  <th scope="col">Quality</th>
                  <th scope="col">Cost</th>
                </tr>
              </thead>
              <tbody>
                {group.versions.map((version) => {
                  const id = version.model.model_id;
                  return (
                    <VersionRow
                      key={id}
                      version={version}
                      span={spans.get(id)}
                      isMarked={id === marked}
                      isChosen={chosen.includes(id)}
                      canChoose={chosen.length < MAX_CHOSEN}
                      onChoose={() => toggle(id)}
                    />
                  );
                })}
              </tbody>
            </table>
          </section>
        ))}
      {models.hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={models.isFetchingNextPage}
          onClick={() => void models.fetchNextPage()}
        >
          {models.isFetchingNextPage ? "Loading…" : "Show more versions"}
        </button>
      )}
      {chosen.length > 0 && <ChosenBar chosen={chosen} search={search} onClear={() => choose([])} />}
    </Page>
  );
}
