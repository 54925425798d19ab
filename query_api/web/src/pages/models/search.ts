import { type Period, periodOf } from "@/api/period";

/** Orders of the list. The first four are the server's; the others put the versions that are shown in order. */
export const ORDERS = {
  newest: "Newest first",
  oldest: "Oldest first",
  changed: "Changed last",
  name: "By name",
  traffic: "Most traffic",
  errors: "Most errors",
  latency: "Slowest (p95)",
  cost: "Dearest per trace",
} as const;
export type Order = keyof typeof ORDERS;

export const MAX_CHOSEN = 6;
const MAX_FILTER_CHARS = 4_000;

/** What the address of the page holds. */
export interface Search extends Period {
  /** A condition of the filter language, or a part of a name. */
  filter?: string;
  /** Not there: newest first. */
  order?: Exclude<Order, "newest">;
  /** Versions that are marked to be compared, by comma. */
  chosen?: string;
}

/** Text as it stands in the address; what looks like a number comes as one. */
export function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}

/** Parts between commas, each once. */
export function listOf(value: unknown, max: number): string[] {
  const parts = textOf(value)
    .split(",")
    .map((part) => part.trim());
  return [...new Set(parts)].filter((part) => part !== "").slice(0, max);
}

export function validateSearch(search: Record<string, unknown>): Search {
  const filter = textOf(search.filter).slice(0, MAX_FILTER_CHARS);
  const order = textOf(search.order);
  const chosen = listOf(search.chosen, MAX_CHOSEN).join(",");
  return {
    ...periodOf(search),
    ...(filter !== "" && { filter }),
    ...(order !== "newest" && Object.hasOwn(ORDERS, order) && { order: order as Exclude<Order, "newest"> }),
    ...(chosen !== "" && { chosen }),
  };
}
