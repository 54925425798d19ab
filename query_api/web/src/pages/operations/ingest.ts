import type { Operations } from "@/pages/operations/queries";

export type Ingest = Operations["ingest"];

export const MINUTE_MS = 60_000;
const MINUTES = 60;
const NS_PER_MS = 1e6;

/** The last hour by the minute: spans that arrived, and how late the latest 5 % of them were. */
export function lastHour(ingest: Ingest, nowMs: number): [number[], number[], (number | null)[]] {
  const last = Math.floor(nowMs / MINUTE_MS);
  const at = new Map(
    ingest.buckets.map((bucket) => [Math.round(bucket.start_time_unix_ns / NS_PER_MS / MINUTE_MS), bucket]),
  );
  const minutes = Array.from({ length: MINUTES }, (_, index) => last - MINUTES + 1 + index);
  return [
    minutes.map((minute) => minute * 60),
    minutes.map((minute) => at.get(minute)?.span_count ?? 0),
    minutes.map((minute) => at.get(minute)?.lag_p95_ms ?? null),
  ];
}
