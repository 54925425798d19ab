import { Link } from "@tanstack/react-router";
import { useId } from "react";
import type { Schemas } from "@/api/client";
import { Attributes } from "@/pages/trace/Attributes";
import { spanJson, traceJson } from "@/pages/trace/copies";
import { Events } from "@/pages/trace/Events";
import { isCall } from "@/pages/trace/facts";
import { Logs } from "@/pages/trace/Logs";
import styles from "@/pages/trace/Panel.module.css";
import { useLogs } from "@/pages/trace/queries";
import { Scores } from "@/pages/trace/Scores";
import { SpanContent } from "@/pages/trace/SpanContent";
import { SpanFacts } from "@/pages/trace/SpanFacts";
import { TABS, type Tab } from "@/pages/trace/search";
import { colourOf, typeName } from "@/pages/trace/spanLook";
import type { Node, Tree } from "@/pages/trace/tree";
import { CopyButton } from "@/ui/CopyButton";
import { count } from "@/ui/format";
import { TabList } from "@/ui/Tabs";
import { visible } from "@/ui/visible";

const NAMES: Readonly<Record<Tab, string>> = {
  content: "Content",
  attributes: "Attributes",
  events: "Events",
  logs: "Logs",
  scores: "Scores",
};

interface Props {
  trace: Schemas["TraceDetail"];
  tree: Tree;
  node: Node;
  /** Milliseconds that it is on the critical path. */
  criticalMs: number;
  tab: Tab;
  onTab: (tab: Tab) => void;
}

function TabHead({ tab, times }: { tab: Tab; times: number }) {
  return (
    <>
      {NAMES[tab]}
      {times > 0 && <span className={styles.count}> {count(times)}</span>}
    </>
  );
}

/** Everything that is known of one span. */
export function SpanPanel({ trace, tree, node, criticalMs, tab, onTab }: Props) {
  const panelId = useId();
  const { span } = node;
  const logs = useLogs(trace.trace_id);
  const counts: Partial<Record<Tab, number>> = {
    attributes: Object.keys(span.attributes).length,
    events: span.events.length + span.links.length,
    logs: logs.data?.logs.filter((log) => log.span_id === span.span_id).length,
    scores: trace.scores.length,
  };
  const json = async () => spanJson(await traceJson(trace.trace_id), span.span_id) ?? "";
  return (
    <>
      <div className={styles.head}>
        <h2 className={styles.title}>
          {typeName(span) !== "" && (
            <span className={styles.type} style={{ color: colourOf(span) }}>
              {visible(typeName(span).slice(0, 30))}
            </span>
          )}
          <span className={styles.name}>{visible(span.name.slice(0, 300)) || "(no name)"}</span>
        </h2>
        <div className="row">
          {tree.nodes.some((one) => isCall(one.span)) && (
            <Link
              to="/prompts"
              search={{ trace_id: trace.trace_id, ...(isCall(span) && { span_id: span.span_id }) }}
              className="button small"
            >
              Open in the workbench
            </Link>
          )}
          <CopyButton text={json} label="Copy JSON" />
        </div>
      </div>
      <SpanFacts tree={tree} node={node} criticalMs={criticalMs} />
      <TabList
        label="About the span"
        tabs={TABS.map((one) => [one, <TabHead key={one} tab={one} times={counts[one] ?? 0} />])}
        chosen={tab}
        onChoose={onTab}
        panelId={panelId}
      />
      <div
        id={panelId}
        role="tabpanel"
        aria-labelledby={`${panelId}-${tab}`}
        className={styles.body}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        tabIndex={0}
      >
        {tab === "content" && <SpanContent span={span} onEvents={() => onTab("events")} />}
        {tab === "attributes" && <Attributes span={span} />}
        {tab === "events" && <Events span={span} />}
        {tab === "logs" && <Logs answer={logs} tree={tree} spanId={span.span_id} />}
        {tab === "scores" && <Scores trace={trace} tree={tree} span={span} />}
      </div>
    </>
  );
}
