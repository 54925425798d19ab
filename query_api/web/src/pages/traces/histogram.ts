import type uPlot from "uplot";
import type { Schemas } from "@/api/client";

/** Most buckets that are asked for. */
export const BUCKETS = 120;
export const NS_PER_S = 1e9;

/** Columns for the chart, in seconds: every bucket has its place, also those without traces. */
export function columnsOf(histogram: Schemas["TraceHistogram"]): uPlot.AlignedData {
  const { buckets, bucket_ns: width, start_time_unix_ns: start, end_time_unix_ns: end } = histogram;
  const first = Math.floor(start / width);
  const length = Math.min(4 * BUCKETS, Math.max(1, Math.ceil(end / width) - first));
  const empty = () => new Array<number | null>(length).fill(null);
  const [totals, errors, p95] = [empty(), empty(), empty()];
  for (const bucket of buckets) {
    const index = Math.round(bucket.start_time_unix_ns / width) - first;
    if (index < 0 || index >= length) continue;
    totals[index] = bucket.ok_count + bucket.error_count;
    errors[index] = bucket.error_count;
    p95[index] = bucket.latency_p95_ms;
  }
  const starts = Array.from({ length }, (_, index) => ((first + index) * width) / NS_PER_S);
  return [starts, totals, errors, p95];
}
