import type { Schemas } from "@/api/client";

type Trend = Schemas["Trend"];
type Bucket = Schemas["TrendBucket"];

const MAX_SCORES = 3;

/** Values from the first bucket of the period to the last; `missing` where a version had no traffic. */
export function course(
  trends: Pick<Schemas["Trends"], "start_time_unix_ns" | "end_time_unix_ns" | "bucket_ns">,
  buckets: readonly Bucket[],
  value: (bucket: Bucket) => number | null,
  missing: number | null,
): (number | null)[] {
  const first = Math.floor(trends.start_time_unix_ns / trends.bucket_ns);
  const last = Math.max(first, Math.ceil(trends.end_time_unix_ns / trends.bucket_ns) - 1);
  const values = new Array<number | null>(last - first + 1).fill(missing);
  for (const bucket of buckets) {
    const index = Math.round(bucket.start_time_unix_ns / trends.bucket_ns) - first;
    if (index >= 0 && index < values.length) values[index] = value(bucket);
  }
  return values;
}

/** How likely a score tells of quality: those of which more is better do, then those of which nobody said. */
function rank(greaterIsBetter: boolean | null): number {
  return greaterIsBetter === null ? 1 : greaterIsBetter ? 0 : 2;
}

/** The scores that get a column each: those that tell of quality, and among them those of most versions. */
export function commonScores(models: readonly Trend[]): string[] {
  const seen = new Map<string, { name: string; rank: number; versions: number; traces: number }>();
  for (const { scores } of models) {
    for (const { name, mean, count, greater_is_better: greater } of scores) {
      if (mean === null) continue;
      const one = seen.get(name) ?? { name, rank: rank(greater), versions: 0, traces: 0 };
      seen.set(name, { ...one, versions: one.versions + 1, traces: one.traces + count });
    }
  }
  return [...seen.values()]
    .sort((a, b) => a.rank - b.rank || b.versions - a.versions || b.traces - a.traces)
    .slice(0, MAX_SCORES)
    .map((one) => one.name);
}
