import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { reachedFrom, snippets } from "@/pages/home/snippets";
import { commonScores, course } from "@/pages/home/versions";

const MINUTE_NS = 60e9;

function bucket(minute: number, traces: number): Schemas["TrendBucket"] {
  const rest = { error_count: 0, latency_p50_ms: null, latency_p95_ms: null, cost_usd: null, scores: {} };
  return { start_time_unix_ns: minute * MINUTE_NS, trace_count: traces, ...rest };
}

test("a course has a value for each bucket of the period, also where there was no traffic", () => {
  const trends = {
    start_time_unix_ns: 100.5 * MINUTE_NS,
    end_time_unix_ns: 104 * MINUTE_NS,
    bucket_ns: MINUTE_NS,
  };
  const buckets = [bucket(100, 7), bucket(103, 2), bucket(999, 1)];
  expect(course(trends, buckets, (one) => one.trace_count, 0)).toEqual([7, 0, 0, 2]);
  expect(course(trends, [], (one) => one.latency_p95_ms, null)).toEqual([null, null, null, null]);
});

test("scores of which more is better come first, then those that most versions have", () => {
  const score = (name: string, greater: boolean | null, mean: number | null = 1) => ({
    name,
    mean,
    count: 1,
    greater_is_better: greater,
    label_counts: {},
  });
  const models = [
    { scores: [score("latency", false), score("f1", true), score("seen", null), score("words", null, null)] },
    { scores: [score("latency", false), score("bleu", true), score("f1", true)] },
  ] as Schemas["Trend"][];
  expect(commonScores(models)).toEqual(["f1", "bleu", "seen"]);
});

test("a collector on the server's own loopback is named as the page reaches the server", () => {
  expect(reachedFrom("http://127.0.0.1:4318", "localhost")).toBe("http://127.0.0.1:4318");
  expect(reachedFrom("http://127.0.0.1:4318", "server.internal")).toBe("http://server.internal:4318");
  expect(reachedFrom("https://otlp.internal", "server.internal")).toBe("https://otlp.internal");
  for (const { code } of snippets("http://a:1", "http://b:2")) expect(code).toContain("http://a:1");
});
