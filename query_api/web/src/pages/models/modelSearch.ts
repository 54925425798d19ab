import { type Period, periodOf } from "@/api/period";

/** What the address of the page holds. */
export type Search = Period;

export function validateSearch(search: Record<string, unknown>): Search {
  return periodOf(search);
}
