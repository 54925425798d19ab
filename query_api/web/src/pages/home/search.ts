import { type Period, periodOf } from "@/api/period";

/** What the address of the page holds. */
export type Search = Period;

export function validateSearch(search: Record<string, unknown>): Search {
  return periodOf(search);
}

/** The period that is looked at: "since yesterday" where the address says none. */
export function chosen(search: Search): Period {
  return search.since === undefined && search.start === undefined ? { since: "24h" } : search;
}
