import { said, textOf } from "@/pages/evaluations/search";

export const TABS = ["rows", "versions", "agreement", "compare", "definition"] as const;
export type Tab = (typeof TABS)[number];

/** What the address of one evaluation holds. */
export interface EvaluationSearch {
  /** If left out, `versions` where several were asked for, else `rows`. */
  tab?: Tab;
  /** Only rows by the score of this metric: from `from` (included) to `to`, or of this label. */
  by?: string;
  from?: number;
  to?: number;
  label?: string;
  /** Only rows of which a metric failed. */
  failed?: true;
  model_id?: string;
  /** Metric that rows are sorted by; a minus before it turns the order round. */
  sort?: string;
  /** The row that is shown beside. */
  row?: string;
  /** Whose agreement with whom: names of scores. */
  judge?: string;
  human?: string;
  /** What is compared with what: evaluation or version; `mine` is this evaluation if left out. */
  other?: string;
  mine?: string;
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number.parseFloat(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export function validateEvaluationSearch(search: Record<string, unknown>): EvaluationSearch {
  return said({
    tab: TABS.find((tab) => tab === search.tab),
    by: textOf(search.by),
    from: numberOf(search.from),
    to: numberOf(search.to),
    label: textOf(search.label),
    failed: search.failed === true ? (true as const) : undefined,
    model_id: textOf(search.model_id),
    sort: textOf(search.sort),
    row: textOf(search.row),
    judge: textOf(search.judge),
    human: textOf(search.human),
    other: textOf(search.other),
    mine: textOf(search.mine),
  });
}
