import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { answer, api } from "@/api/client";
import { useShortcuts } from "@/app/shortcuts";
import { EvaluationTable } from "@/pages/evaluations/EvaluationTable";
import { Monitors } from "@/pages/evaluations/Monitors";
import { type Search, STATUSES, said } from "@/pages/evaluations/search";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { ModelPicker } from "@/ui/ModelPicker";
import { Page } from "@/ui/Page";
import { Tabs } from "@/ui/Tabs";

const route = getRouteApi("/evaluations");
const PAGE = 50;
const REFRESH_MS = 4_000;

function useEvaluations(search: Search) {
  const { status, name, model_id } = search;
  return useInfiniteQuery({
    queryKey: ["evaluations", status, name, model_id],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/v1/evaluations", {
          params: {
            query: { status, name, model_id, limit: PAGE, ...(pageParam && { page_token: pageParam }) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    placeholderData: keepPreviousData,
    // Only what runs changes. Not while the tab is hidden, and not for a list that is long by now.
    refetchInterval: ({ state }) =>
      state.data?.pages.length === 1 &&
      state.data.pages[0]?.evaluations.some(({ end_time }) => end_time === null)
        ? REFRESH_MS
        : false,
  });
}

function Filters({ search, onChange }: { search: Search; onChange: (search: Search) => void }) {
  const [name, setName] = useState(search.name ?? "");
  useEffect(() => setName(search.name ?? ""), [search.name]);
  const chosen = search.status ?? [];
  return (
    <div className="row">
      <fieldset className="row" style={{ border: 0, padding: 0, margin: 0 }}>
        <legend className="visually-hidden">Only of status</legend>
        {STATUSES.filter((status) => status !== "CANCELLING").map((status) => (
          <button
            key={status}
            type="button"
            className="button small"
            aria-pressed={chosen.includes(status)}
            onClick={() => {
              const others = chosen.filter((one) => one !== status);
              onChange({ ...search, status: others.length < chosen.length ? others : [...chosen, status] });
            }}
          >
            {status}
          </button>
        ))}
      </fieldset>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          onChange({ ...search, name });
        }}
      >
        <input
          className="field"
          type="search"
          aria-label="Name, exactly"
          placeholder="Name, exactly"
          value={name}
          onChange={({ target }) => setName(target.value)}
          onBlur={() => name !== (search.name ?? "") && onChange({ ...search, name })}
        />
      </form>
      <ModelPicker
        label="Only of version"
        max={1}
        value={search.model_id === undefined ? [] : [search.model_id]}
        onChange={([model_id]) => onChange({ ...search, model_id })}
      />
    </div>
  );
}

function Listing({ search, onChange }: { search: Search; onChange: (search: Search) => void }) {
  const found = useEvaluations(search);
  const evaluations = found.data?.pages.flatMap((page) => page.evaluations) ?? [];
  const isFiltered = (search.status ?? search.name ?? search.model_id) !== undefined;
  return (
    <div className="stack">
      <Filters search={search} onChange={onChange} />
      {found.error !== null && <ErrorBox error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Loading heightPx={300} />}
      {found.isSuccess && evaluations.length === 0 && (
        <Empty title={isFiltered ? "No evaluation is like this" : "Nothing has been evaluated yet"}>
          {isFiltered ? (
            <button type="button" className="button" onClick={() => onChange({})}>
              Show all
            </button>
          ) : (
            <>
              <p>
                An evaluation scores recorded traces: with rules, with reference answers, or with a judge.
              </p>
              <Link to="/evaluations/new" search={{ since: "24h" }} className="button primary">
                New evaluation
              </Link>
            </>
          )}
        </Empty>
      )}
      {evaluations.length > 0 && (
        <EvaluationTable
          evaluations={evaluations}
          isMore={found.hasNextPage}
          onEnd={() => {
            if (found.hasNextPage && !found.isFetching) void found.fetchNextPage();
          }}
        />
      )}
    </div>
  );
}

export default function EvaluationsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const show = (wanted: Search) => void navigate({ search: said(wanted), resetScroll: false });
  const isMonitors = search.tab === "monitors";
  useShortcuts([
    {
      keys: "n",
      label: "New evaluation",
      run: () => void navigate({ to: "/evaluations/new", search: { since: "24h" } }),
    },
  ]);
  return (
    <Page
      title="Evaluations"
      actions={
        <Link
          to="/evaluations/new"
          search={
            isMonitors
              ? { kind: "monitor" as const }
              : { since: "24h", model_id: search.model_id ? [search.model_id] : undefined }
          }
          className="button primary"
        >
          {isMonitors ? "New monitor" : "New evaluation"}
        </Link>
      }
    >
      <Tabs
        label="Evaluations or monitors"
        tabs={[
          ["evaluations", "Evaluations"],
          ["monitors", "Monitors"],
        ]}
        chosen={isMonitors ? "monitors" : "evaluations"}
        onChoose={(tab) => show({ tab: tab === "monitors" ? tab : undefined })}
      >
        {isMonitors ? <Monitors /> : <Listing search={search} onChange={show} />}
      </Tabs>
    </Page>
  );
}
