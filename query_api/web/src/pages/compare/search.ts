import { type Period, periodOf } from "@/api/period";
import { listOf, MAX_CHOSEN, textOf } from "@/pages/models/search";

export const CONFIDENCES = [0.8, 0.9, 0.95, 0.99] as const;
export const USUAL_CONFIDENCE = 0.95;

/** What the address of the page holds. */
export interface Search extends Period {
  /** IDs or names of two to six versions, by comma. */
  models?: string;
  /** The one that the others are compared with; not there: the first. */
  baseline?: string;
  /** Only traces that meet this condition. */
  filter?: string;
  /** Of the intervals; not there: 0.95. */
  confidence?: number;
  /** The version whose differences and rows are shown beside the baseline's; not there: the last. */
  against?: string;
  /** The metric whose rows are shown. */
  metric?: string;
}

export function validateSearch(search: Record<string, unknown>): Search {
  const models = listOf(search.models, MAX_CHOSEN).join(",");
  const confidence = CONFIDENCES.find((one) => one === Number(search.confidence));
  const [baseline, against, filter, metric] = [
    search.baseline,
    search.against,
    search.filter,
    search.metric,
  ].map(textOf);
  return {
    ...periodOf(search),
    ...(models && { models }),
    ...(baseline && { baseline }),
    ...(against && { against }),
    ...(filter && { filter }),
    ...(metric && { metric }),
    ...(confidence !== undefined && confidence !== USUAL_CONFIDENCE && { confidence }),
  };
}
