import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useMemo, useRef } from "react";
import type { Schemas } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { criticalPath } from "@/pages/trace/criticalPath";
import { Overview } from "@/pages/trace/Overview";
import { useTrace } from "@/pages/trace/queries";
import { SpanPanel } from "@/pages/trace/SpanPanel";
import styles from "@/pages/trace/Trace.module.css";
import { TraceBar } from "@/pages/trace/TraceBar";
import { listSearch, Neighbours, TraceFacts, TraceNotes } from "@/pages/trace/TraceHead";
import { buildTree } from "@/pages/trace/tree";
import { useFind } from "@/pages/trace/useFind";
import { useTraceState } from "@/pages/trace/useTraceState";
import { Waterfall } from "@/pages/trace/Waterfall";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { Page } from "@/ui/Page";
import { cut, visible } from "@/ui/visible";

const MAX_TITLE_CHARS = 120;

function Loaded({ trace }: { trace: Schemas["TraceDetail"] }) {
  const search = useSearch({ from: "/traces/$traceId" });
  const navigate = useNavigate();
  const panel = useRef<HTMLElement>(null);
  const tree = useMemo(() => buildTree(trace.spans), [trace]);
  const state = useTraceState(tree, search);
  const critical = useMemo(() => criticalPath(tree), [tree]);
  const hits = useFind(tree, search.find ?? "");
  const hitSet = useMemo(() => new Set(hits), [hits]);
  // Moving through the tree goes first; the panel follows when there is time.
  const shown = tree.nodes[useDeferredValue(state.chosen)];
  const open = (traceId: string) =>
    void navigate({
      to: "/traces/$traceId",
      params: { traceId },
      search: { ...listSearch(search), tab: search.tab, critical: search.critical },
    });
  return (
    <Page
      title={visible(cut(trace.name, MAX_TITLE_CHARS)) || "Trace"}
      actions={<Neighbours trace={trace} tree={tree} search={search} onOpen={open} />}
    >
      <TraceFacts trace={trace} />
      <TraceNotes trace={trace} />
      <div className={styles.split}>
        <section className={styles.left} aria-label="Waterfall">
          <TraceBar
            tree={tree}
            state={state}
            depth={search.depth}
            isCritical={search.critical === true}
            text={search.find ?? ""}
            hits={hits}
          />
          <Overview tree={tree} view={state.view} onView={state.setView} />
          <Waterfall
            tree={tree}
            rows={state.rows}
            closed={state.closed}
            chosen={state.chosen}
            hits={hitSet}
            view={state.view}
            critical={search.critical === true ? critical : null}
            onChoose={state.choose}
            onToggle={state.toggle}
            onEnter={() => panel.current?.focus()}
          />
        </section>
        <section ref={panel} className={styles.right} aria-label="Chosen span" tabIndex={-1}>
          {shown && (
            <SpanPanel
              key={shown.span.span_id}
              trace={trace}
              tree={tree}
              node={shown}
              criticalMs={critical.ms.get(shown.index) ?? 0}
              tab={search.tab ?? "content"}
              onTab={(tab) => state.put({ tab: tab === "content" ? undefined : tab })}
            />
          )}
        </section>
      </div>
    </Page>
  );
}

export default function TracePage() {
  const { traceId } = useParams({ from: "/traces/$traceId" });
  const { data, error, refetch } = useTrace(traceId);
  if (data !== undefined) return <Loaded key={data.trace_id} trace={data} />;
  if (error instanceof ProblemError && error.status === 404)
    return (
      <Page title="Trace">
        <Empty title="There is no such trace">
          <p>
            It has not come in (yet), or its time of retention is over. <Link to="/traces">To the list</Link>
          </p>
          <button type="button" className="button" onClick={() => void refetch()}>
            Look again
          </button>
        </Empty>
      </Page>
    );
  return (
    <Page title="Trace">
      {error ? <ErrorBox error={error} onRetry={() => void refetch()} /> : <Loading heightPx={640} />}
    </Page>
  );
}
