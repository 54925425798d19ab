import { expect, test } from "vitest";
import {
  commandOf,
  differenceText,
  drawnOf,
  type Metric,
  nameOf,
  reachOf,
  verdictOf,
} from "@/pages/compare/verdict";

function metric(name: string, [value, lower, upper]: (number | null)[], significant: boolean): Metric {
  const limits = { value: value ?? null, lower: lower ?? null, upper: upper ?? null };
  const unit = name === "error_rate" ? "ratio" : "ms";
  return {
    metric: name,
    unit,
    estimate: limits,
    trace_count: 40,
    difference: { absolute: limits, relative: limits, significant, baseline_trace_count: 40 },
  } as Metric;
}

test("less latency, errors and cost are better; of scores it must be said", () => {
  expect(verdictOf(metric("latency_p95", [-0.2, -0.3, -0.1], true), {})).toBe("better");
  expect(verdictOf(metric("error_rate", [0.2, 0.1, 0.3], true), {})).toBe("worse");
  expect(verdictOf(metric("score.f1", [0.2, 0.1, 0.3], true), { f1: true })).toBe("better");
  expect(verdictOf(metric("score.f1", [-0.2, -0.3, -0.1], true), { f1: null })).toBe("lower");
  expect(verdictOf(metric("traces_per_hour", [0.2, 0.1, 0.3], true), {})).toBe("higher");
});

test("what chance may explain is no difference, and what has no limits is too little data", () => {
  expect(verdictOf(metric("cost", [0.2, -0.1, 0.3], false), {})).toBe("no clear difference");
  expect(verdictOf(metric("latency_p99", [0.2, null, null], false), {})).toBe("too little data");
  expect(verdictOf({ ...metric("cost", [0, 0, 0], false), difference: null }, {})).toBe("not measured");
});

test("shares change by points, other metrics by a share", () => {
  const text = (one: Metric) => differenceText(drawnOf(one) as never, one.unit);
  expect(text(metric("error_rate", [0.021, -0.01, null], false))).toBe("+2.1 points (−1 points to ?)");
  expect(text(metric("latency_p50", [0.5, 0.25, 0.75], true))).toBe("+50 % (+25 % to +75 %)");
});

test("the axis reaches as far as the longest whisker", () => {
  expect(reachOf([null, { value: 0.1, lower: -0.5, upper: null, isRelative: true }])).toBeCloseTo(0.55);
  expect(reachOf([null])).toBe(1);
});

test("metrics have names", () => {
  expect([nameOf("latency_p95"), nameOf("score.token_f1"), nameOf("error_rate")]).toEqual([
    "Latency, p95",
    "token_f1",
    "Error rate",
  ]);
});

test("the command says the same as the address", () => {
  expect(
    commandOf({
      models: ["m-1", "it's v2"],
      baseline: "m-1",
      since: "7d",
      filter: "status = 'OK'",
      confidence: 0.9,
    }),
  ).toBe(
    "spanfold models compare m-1 'it'\\''s v2' --baseline m-1 --since 7d --filter 'status = '\\''OK'\\''' --confidence 0.9",
  );
});
