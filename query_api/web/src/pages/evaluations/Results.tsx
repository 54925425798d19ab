import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { Definition } from "@/pages/evaluations/Definition";
import type { EvaluationSearch, Tab } from "@/pages/evaluations/evaluationSearch";
import { MetricCards } from "@/pages/evaluations/MetricCards";
import { RowsTab } from "@/pages/evaluations/RowsTab";
import { type Metric, metricsOf, type Row } from "@/pages/evaluations/rows";
import { MAX_ROWS } from "@/pages/evaluations/scoreStream";
import { said } from "@/pages/evaluations/search";
import { useScores } from "@/pages/evaluations/useScores";
import { VersionsTab } from "@/pages/evaluations/VersionsTab";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Tabs } from "@/ui/Tabs";

const AgreementTab = lazy(() => import("@/pages/evaluations/AgreementTab"));
const CompareTab = lazy(() => import("@/pages/evaluations/CompareTab"));
const route = getRouteApi("/evaluations/$evaluationId");

/** An evaluation or a monitor: what gave the scores that are shown. */
export interface Subject {
  id: string;
  isMonitor: boolean;
  name: string;
  described: readonly Record<string, unknown>[];
  aggregates: Readonly<Record<string, number>>;
  selection: Record<string, unknown> | null;
  options: Record<string, unknown>;
  /** Why rows could not be scored: how many. */
  unmapped: Readonly<Record<string, number>>;
  /** The versions that were asked for; none where any was. */
  modelIds: readonly string[];
  /** `traces` or `rows`. */
  source: string;
  /** Whether more scores come in. */
  isGrowing: boolean;
}

/** What each part of the page needs. */
export interface Shown {
  subject: Subject;
  metrics: readonly Metric[];
  rows: readonly Row[];
  search: EvaluationSearch;
  /** Puts these members into the address beside the others. */
  onSearch: (search: EvaluationSearch) => void;
}

function Unmapped({ reasons }: { reasons: Readonly<Record<string, number>> }) {
  const said = Object.entries(reasons).toSorted((a, b) => b[1] - a[1]);
  if (said.length === 0) return null;
  return (
    <details className="card">
      <summary>Some traces lack what a metric needs, and have no score</summary>
      <ul>
        {said.map(([reason, traces]) => (
          <li key={reason}>
            {reason}: {count(traces)}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Part({ tab, ...shown }: Shown & { tab: Tab }) {
  switch (tab) {
    case "versions":
      return <VersionsTab {...shown} />;
    case "agreement":
      return <AgreementTab {...shown} />;
    case "compare":
      return <CompareTab {...shown} />;
    case "definition":
      return <Definition {...shown} />;
    default:
      return <RowsTab {...shown} />;
  }
}

/** What the evaluation was made for stands first: of several versions, what each is worth. */
function tabsOf(subject: Subject, found: number): (readonly [Tab, string])[] {
  const versions = Math.max(found, subject.modelIds.length);
  const parts = [
    ["rows", "Rows"] as const,
    ...(versions > 1 ? [["versions", `Versions (${versions})`] as const] : []),
  ];
  return [
    ...(subject.modelIds.length > 1 ? parts.toReversed() : parts),
    ["agreement", "Agreement with people"],
    ...(subject.isMonitor ? [] : [["compare", "Compare"] as const]),
    ["definition", "Definition"],
  ];
}

/** Scores: how they are distributed, row by row, by version, against people, and against another evaluation. */
export function Results({ subject }: { subject: Subject }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const metrics = useMemo(() => metricsOf(subject.described), [subject.described]);
  const names = useMemo(() => metrics.map(({ name }) => name), [metrics]);
  const found = useScores(subject.id, names, subject.isGrowing);
  const versions = useMemo(() => new Set(found.rows.map(({ modelId }) => modelId)).size, [found.rows]);
  const onSearch = (wanted: EvaluationSearch) =>
    void navigate({
      to: "/evaluations/$evaluationId",
      params: { evaluationId: subject.id },
      search: said({ ...search, ...wanted }),
      replace: "row" in wanted,
      resetScroll: false,
    });
  const shown: Shown = { subject, metrics, rows: found.rows, search, onSearch };
  const tabs = tabsOf(subject, versions);
  const first = tabs[0]?.[0] ?? "rows";
  const tab = tabs.find(([name]) => name === search.tab)?.[0] ?? first;
  return (
    <>
      {found.error !== null && <ErrorBox error={found.error} onRetry={found.retry} />}
      {found.isPending && <Loading heightPx={180} />}
      {found.isCut && (
        <p className="muted" role="note">
          There are more scores than this page takes: it shows at most {count(MAX_ROWS)} traces of each
          metric, by trace ID. Distributions, versions and sorting are of these; the aggregates are of all.
        </p>
      )}
      {found.isBehind && (
        <p className="muted" role="status">
          Reading the last scores…
        </p>
      )}
      {found.rows.length === 0 && subject.isGrowing && !found.isPending && (
        <p className="muted">Rows show here as soon as they are scored.</p>
      )}
      {!found.isPending && <MetricCards {...shown} />}
      <Unmapped reasons={subject.unmapped} />
      {found.rows.length === 0 && !found.isPending && found.error === null && !subject.isGrowing && (
        <Empty title="No row has a score">
          <p>
            {subject.source === "rows"
              ? "This evaluation scored the rows of a table: they are an artifact of its run."
              : "No trace was found, or each lacks what the metrics need."}
          </p>
        </Empty>
      )}
      <Tabs
        label="Parts"
        tabs={tabs}
        chosen={tab}
        onChoose={(name) => onSearch({ tab: name === first ? undefined : name })}
      >
        <Suspense fallback={<Loading heightPx={300} />}>
          <Part tab={tab} {...shown} />
        </Suspense>
      </Tabs>
    </>
  );
}
