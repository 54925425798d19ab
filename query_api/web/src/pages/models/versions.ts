import type { Schemas } from "@/api/client";
import type { Order } from "@/pages/models/search";
import { shareOf } from "@/ui/format";
import { conditionOf } from "@/ui/models";

export type Model = Schemas["LoggedModel"];
export type Trend = Schemas["Trend"];

/** One version: what its events say, and how it did in the period. */
export interface Version {
  model: Model;
  /** Null while it is being asked for. */
  trend: Trend | null;
}

/** Versions of one application; without traffic, of one experiment. */
export interface Group {
  key: string;
  title: string;
  /** What the title is. */
  kind: "application" | "experiment";
  versions: Version[];
}

/** What was typed, as a condition: text without an operator is a part of a name or an ID. */
export function filterOf(typed: string): string {
  return /[=<>]|\bI?LIKE\s*'|\bIN\s*\(|\bIS\s+(NOT\s+)?NULL\b/i.test(typed)
    ? typed.trim()
    : conditionOf(typed);
}

const ORDER_BY: Readonly<Partial<Record<Order, string>>> = {
  oldest: "creation_timestamp ASC",
  changed: "last_updated_timestamp DESC",
  name: "name ASC",
};

/** The order that the server is asked for. */
export function orderBy(order: Order): string[] {
  const asked = ORDER_BY[order];
  return asked === undefined ? [] : [asked];
}

const FIGURES: Readonly<Partial<Record<Order, (trend: Trend) => number | null>>> = {
  traffic: (trend) => trend.trace_count,
  errors: (trend) => shareOf(trend.error_count, trend.trace_count),
  latency: (trend) => trend.latency_p95_ms,
  cost: (trend) => shareOf(trend.cost_usd, trend.trace_count),
};

function sorted(versions: Version[], order: Order): Version[] {
  const figure = FIGURES[order];
  if (figure === undefined) return versions;
  const of = ({ trend }: Version) => (trend === null ? null : figure(trend)) ?? Number.NEGATIVE_INFINITY;
  return versions.toSorted((a, b) => (of(a) === of(b) ? 0 : of(b) - of(a)));
}

/** Versions by application, in the order in which these come. */
export function groupsOf(models: readonly Model[], trends: readonly Trend[], order: Order): Group[] {
  const byId = new Map(trends.map((trend) => [trend.model_id, trend]));
  const groups = new Map<string, Group>();
  for (const model of models) {
    const trend = byId.get(model.model_id) ?? null;
    const service = trend?.service_name ?? "";
    const kind = service === "" ? "experiment" : "application";
    const title = service === "" ? model.experiment_id : service;
    const key = `${kind}:${title}`;
    const group = groups.get(key) ?? { key, title, kind, versions: [] };
    group.versions.push({ model, trend });
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({ ...group, versions: sorted(group.versions, order) }));
}
