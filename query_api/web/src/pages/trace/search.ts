import { type Period, periodOf } from "@/api/period";

export const TABS = ["content", "attributes", "events", "logs", "scores"] as const;
export type Tab = (typeof TABS)[number];

/** What the address of the page holds: where in the trace one is, and the search that led to it. */
export interface Search extends Period {
  /** The chosen span. */
  span?: string;
  tab?: Tab;
  /** What is searched for within the trace. */
  find?: string;
  /** The part of the time that is looked at, in ms after the trace's start. */
  from?: number;
  to?: number;
  /** Only so many levels are open. */
  depth?: number;
  /** The critical path is highlighted. */
  critical?: boolean;
  // Of the listing, for the traces before and after.
  filter?: string;
  model_id?: string;
  order_by?: string;
}

const MAX_FIND_CHARS = 500;
const MAX_FILTER_CHARS = 20_000;

function text(value: unknown, chars: number): string | undefined {
  // The router reads what looks like JSON as such: a search for 500 arrives as a number.
  const said = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  return typeof said === "string" && said !== "" ? said.slice(0, chars) : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function validateSearch(search: Record<string, unknown>): Search {
  // The router reads an ID of digits alone as a number.
  const span = (text(search.span, MAX_FIND_CHARS) ?? "").padStart(16, "0").toLowerCase();
  const [from, to] = [number(search.from), number(search.to)];
  const isPart = from !== undefined && to !== undefined && to > from;
  const known: Search = {
    ...periodOf(search),
    span: search.span !== undefined && /^[0-9a-f]{16}$/.test(span) ? span : undefined,
    tab: TABS.find((tab) => tab === search.tab),
    find: text(search.find, MAX_FIND_CHARS),
    from: isPart ? from : undefined,
    to: isPart ? to : undefined,
    depth: number(search.depth),
    critical: search.critical === true ? true : undefined,
    filter: text(search.filter, MAX_FILTER_CHARS),
    model_id: text(search.model_id, MAX_FIND_CHARS),
    order_by: text(search.order_by, MAX_FIND_CHARS),
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Search;
}
