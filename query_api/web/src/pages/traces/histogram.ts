import type uPlot from "uplot";
import type { Schemas } from "@/api/client";
import { courseOf, startsOf } from "@/ui/course";

/** Most buckets that are asked for. */
export const BUCKETS = 120;
export const NS_PER_S = 1e9;

/** Columns for the chart, in seconds: every bucket has its place, also those without traces. */
export function columnsOf(histogram: Schemas["TraceHistogram"]): uPlot.AlignedData {
  type Bucket = (typeof histogram.buckets)[number];
  const course = (figure: (bucket: Bucket) => number | null) =>
    courseOf(histogram, histogram.buckets, figure, null);
  return [
    startsOf(histogram),
    course((bucket) => bucket.ok_count + bucket.error_count),
    course((bucket) => bucket.error_count),
    course((bucket) => bucket.latency_p95_ms),
  ];
}
