import { expect, test } from "vitest";
import { columnsOf } from "@/pages/traces/histogram";

test("buckets without traces keep their place", () => {
  const minute = 60e9;
  const bucket = { ok_count: 3, error_count: 1, latency_p50_ms: 5, latency_p95_ms: 9 };
  const columns = columnsOf({
    start_time_unix_ns: 100 * minute + 7,
    end_time_unix_ns: 103 * minute + 1,
    bucket_ns: minute,
    approximate: false,
    trace_count: 8,
    error_count: 2,
    buckets: [
      { ...bucket, start_time_unix_ns: 100 * minute },
      { ...bucket, start_time_unix_ns: 102 * minute },
    ],
  });
  expect(columns).toEqual([
    [6_000, 6_060, 6_120, 6_180],
    [4, null, 4, null],
    [1, null, 1, null],
    [9, null, 9, null],
  ]);
});
