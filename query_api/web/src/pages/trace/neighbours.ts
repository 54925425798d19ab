import type { Schemas } from "@/api/client";
import { boundsOf } from "@/api/period";
import type { Search } from "@/pages/trace/search";
import type { Tree } from "@/pages/trace/tree";

type Trace = Pick<
  Schemas["TraceDetail"],
  | "trace_id"
  | "name"
  | "service_name"
  | "latency_ms"
  | "cost_usd"
  | "input_tokens"
  | "output_tokens"
  | "start_time"
>;

/** A request of /v1/traces. */
interface ListQuery {
  filter?: string;
  model_id?: string;
  start?: string;
  end?: string;
  order_by: string[];
  limit: number;
}

/** Traces with an equal value that are looked through for the trace itself. */
const LIMIT = 50;
const NS_PER_MS = 1e6;
const ORDER = /^(\w+)(?:\s+(ASC|DESC))?$/i;

/** When a trace's entry span started, which is where it stands in listings. */
export function entryTime(trace: Trace, tree: Tree): string {
  const entry = tree.nodes.find(
    ({ span }) =>
      span.name === trace.name &&
      span.service_name === trace.service_name &&
      Math.abs(span.duration_ns / NS_PER_MS - trace.latency_ms) < 1e-6,
  );
  return entry?.span.start_time ?? trace.start_time;
}

function later(one: string | undefined, other: string): string {
  return one !== undefined && Date.parse(one) > Date.parse(other) ? one : other;
}

function earlier(one: string | undefined, other: string): string {
  return one !== undefined && Date.parse(one) < Date.parse(other) ? one : other;
}

function valueBy(field: string, trace: Trace): number | null {
  switch (field) {
    case "latency_ms":
      return trace.latency_ms;
    case "cost_usd":
      return trace.cost_usd;
    case "input_tokens":
      return trace.input_tokens;
    case "output_tokens":
      return trace.output_tokens;
    default:
      return null;
  }
}

/** Where a neighbour is to be found: in which part of the listing, and on which side of the trace there. */
interface Question {
  query: ListQuery;
  step: 1 | -1;
}

/**
 * What to ask the listing for the trace behind this one (`step` 1) or before it (-1). Listings only go forward:
 * for the one before, the order is turned around. Where a trace has no value to go by, the first page is looked at.
 */
export function around(trace: Trace, startTime: string, search: Search, step: 1 | -1): Question {
  const [, field = "start_time", direction = "DESC"] = ORDER.exec(search.order_by ?? "") ?? [];
  const isDescending = (direction.toUpperCase() === "DESC") === (step === 1);
  const bounds = boundsOf(search);
  const common = {
    ...bounds,
    ...(search.model_id && { model_id: search.model_id }),
    ...(search.filter && { filter: search.filter }),
    order_by: [`${field} ${isDescending ? "DESC" : "ASC"}`],
    limit: LIMIT,
  };
  if (field === "start_time") {
    const startMs = Date.parse(startTime);
    const edge = new Date(isDescending ? startMs + 1 : startMs).toISOString();
    const part = isDescending ? { end: earlier(bounds.end, edge) } : { start: later(bounds.start, edge) };
    return { query: { ...common, ...part }, step: 1 };
  }
  const value = valueBy(field, trace);
  if (value === null) return { query: { ...common, order_by: [`${field} ${direction}`] }, step };
  // The decimal form may be off in its last digit.
  const edge = (value * (isDescending ? 1 + 1e-9 : 1 - 1e-9)).toFixed(12);
  const condition = `${field} ${isDescending ? "<=" : ">="} ${edge}`;
  const filter = search.filter ? `(${search.filter}) AND ${condition}` : condition;
  return { query: { ...common, filter }, step: 1 };
}

/** The ID beside the trace in what the listing answered. */
export function beside(
  traces: readonly { trace_id: string }[],
  traceId: string,
  step: 1 | -1,
): string | null {
  const at = traces.findIndex((trace) => trace.trace_id === traceId);
  return at < 0 ? null : (traces[at + step]?.trace_id ?? null);
}
