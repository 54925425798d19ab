import { type Period, periodOf } from "@/api/period";
import { said, textOf, textsOf } from "@/pages/evaluations/search";

/** A metric and its parameters, as text: what the fields of the form hold. */
export interface ChosenMetric {
  name: string;
  parameters: Record<string, string>;
}

/** The form of a new evaluation or monitor: all of it is in the address, so that it can be sent to somebody. */
export interface NewSearch extends Period {
  kind?: "monitor";
  name?: string;
  filter?: string;
  model_id?: string[];
  trace_id?: string[];
  limit?: string;
  /** A share (10%) or a number of traces (500). */
  sample?: string;
  seed?: string;
  stratify_by?: string;
  metrics?: ChosenMetric[];
  /** Where in a trace a column is: column to path. */
  mapping?: Record<string, string>;
  max_cost_usd?: string;
  max_calls?: string;
  concurrency?: string;
}

/** Members that are one text. */
const TEXT_MEMBERS = [
  "name",
  "filter",
  "limit",
  "sample",
  "seed",
  "stratify_by",
  "max_cost_usd",
  "max_calls",
  "concurrency",
] as const;

/** The address holds no more: longer ones are cut by servers and proxies on the way. */
const MAX_TRACE_IDS = 100;
const MAX_METRICS = 50;

function textsByName(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const text = textOf(one);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function metricOf(value: unknown): ChosenMetric[] {
  if (typeof value === "string") return value === "" ? [] : [{ name: value, parameters: {} }];
  if (typeof value !== "object" || value === null) return [];
  const { name, parameters } = value as Record<string, unknown>;
  return typeof name === "string" && name !== "" ? [{ name, parameters: textsByName(parameters) }] : [];
}

export function validateNewSearch(search: Record<string, unknown>): NewSearch {
  const texts = Object.fromEntries(TEXT_MEMBERS.map((name) => [name, textOf(search[name])]));
  const metrics: unknown[] = Array.isArray(search.metrics) ? search.metrics : [search.metrics];
  const mapping = textsByName(search.mapping);
  return said<NewSearch>({
    ...periodOf(search),
    ...texts,
    kind: search.kind === "monitor" ? "monitor" : undefined,
    model_id: textsOf(search.model_id),
    trace_id: textsOf(search.trace_id).slice(0, MAX_TRACE_IDS),
    metrics: metrics.flatMap(metricOf).slice(0, MAX_METRICS),
    mapping: Object.keys(mapping).length > 0 ? mapping : undefined,
  });
}
