import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { useShortcuts } from "@/app/shortcuts";
import { curlOf, pythonOf, traceJson } from "@/pages/trace/copies";
import { useModelName, useNeighbour } from "@/pages/trace/queries";
import type { Search } from "@/pages/trace/search";
import styles from "@/pages/trace/Trace.module.css";
import type { Tree } from "@/pages/trace/tree";
import { CopyButton } from "@/ui/CopyButton";
import { count, duration, usd } from "@/ui/format";
import { ModelLink } from "@/ui/ModelLink";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";

type Trace = Schemas["TraceDetail"];

interface Props {
  trace: Trace;
  tree: Tree;
  search: Search;
  onOpen: (traceId: string) => void;
}

/** The search that led here: for the way back, and for the traces beside this one. */
export function listSearch({ filter, model_id, order_by, since, start, end }: Search): Search {
  const all = { filter, model_id, order_by, since, start, end };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Previous and next in the result list. */
export function Neighbours({ trace, tree, search, onOpen }: Props) {
  const before = useNeighbour(trace, tree, search, -1);
  const next = useNeighbour(trace, tree, search, 1);
  const open = (traceId: string | null | undefined) => traceId && onOpen(traceId);
  useShortcuts([
    { keys: "[", label: "Previous trace of the list", run: () => void open(before) },
    { keys: "]", label: "Next trace of the list", run: () => void open(next) },
  ]);
  return (
    <>
      <Link to="/traces" search={listSearch(search)} className="button small">
        To the list
      </Link>
      <button type="button" className="button small" disabled={!before} onClick={() => open(before)}>
        Previous
      </button>
      <button type="button" className="button small" disabled={!next} onClick={() => open(next)}>
        Next
      </button>
    </>
  );
}

/** What the trace adds up to. */
export function TraceFacts({ trace }: { trace: Trace }) {
  const modelName = useModelName(trace.model_id);
  const origin = window.location.origin;
  const tokens = trace.input_tokens !== null || trace.output_tokens !== null;
  return (
    <div className={styles.facts}>
      <Status status={trace.status} />
      <span title="Of the span with which the trace entered">{duration(trace.latency_ms)}</span>
      <Time time={trace.start_time} />
      <span>
        {count(trace.span_count)} {trace.span_count === 1 ? "span" : "spans"}
      </span>
      {tokens && (
        <span>
          {count(trace.input_tokens)} → {count(trace.output_tokens)} tokens
        </span>
      )}
      {trace.cost_usd !== null && <span>{usd(trace.cost_usd)}</span>}
      <span>{trace.service_name}</span>
      {trace.model_id !== "" && <ModelLink modelId={trace.model_id} name={modelName} />}
      <span className={styles.copies}>
        <CopyButton text={trace.trace_id} label="Copy ID" />
        <CopyButton text={() => traceJson(trace.trace_id)} label="JSON" />
        <CopyButton text={curlOf(origin, trace.trace_id)} label="curl" />
        <CopyButton text={pythonOf(origin, trace.trace_id)} label="Python" />
      </span>
    </div>
  );
}

/** What of the trace is not as it should be: parts that did not come in, or were too many. */
export function TraceNotes({ trace }: { trace: Trace }) {
  const missing = trace.missing_parent_span_ids.length;
  return (
    <>
      {trace.truncated && (
        <p className={styles.note}>
          Only the earliest {count(trace.span_count)} spans are shown; sums are of these. Export the rest with{" "}
          <code>GET /v1/traces/export?rows=spans</code>.
        </p>
      )}
      {missing > 0 && (
        <p className={styles.note}>
          {missing === 1
            ? "One span is named as a parent but"
            : `${count(missing)} spans are named as parents but`}{" "}
          did not come in (not sampled, still running, or lost): their children stand at the top.
        </p>
      )}
    </>
  );
}
