import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { headline, pairsOf } from "@/pages/home/pairs";

type Model = Schemas["ChangedModel"];
type Finding = Schemas["Finding"];

function figures(count: number, errorRate: number): Schemas["Figures"] {
  return {
    trace_count: count,
    error_count: count * errorRate,
    error_rate: errorRate,
    latency_p50_ms: 100,
    latency_p95_ms: 200,
    cost_usd: null,
    cost_per_trace_usd: null,
    input_tokens: null,
    output_tokens: null,
  };
}

function model(name: string, count: number, scores: Model["scores"] = []): Model {
  const current = count === 0 ? null : figures(count, 0.1);
  return {
    model_id: `m-${name}`,
    name,
    service_name: "qa",
    is_new: false,
    current,
    previous: figures(50, 0.1),
    scores,
  };
}

function finding(name: string, baseline: string, metric: string, verdict: Finding["verdict"]): Finding {
  return {
    model_id: `m-${name}`,
    model_name: name,
    baseline_model_id: `m-${baseline}`,
    baseline_model_name: baseline,
    service_name: "qa",
    metric,
    unit: "score",
    value: 0.5,
    baseline_value: 0.8,
    lower: -0.4,
    upper: -0.2,
    relative: -0.375,
    verdict,
    trace_count: 90,
    baseline_trace_count: 90,
    filter: "",
  };
}

test("what got worse comes first, then the newest version, then what else differs", () => {
  const models = [model("v3", 90), model("v2", 90), model("v1", 90)];
  const findings = [
    finding("v2", "v1", "score.f1", "worse"),
    finding("v1", "v1", "error_rate", "worse"),
    finding("v2", "v1", "latency_p95", "better"),
  ];
  expect(pairsOf(findings, models).map((pair) => headline(pair, "the 24 hours before"))).toEqual([
    "v2 is worse than v1: f1",
    "v1 is worse than in the 24 hours before: error rate",
    "v3 is no worse than v2",
  ]);
});

test("the figures that no finding tells of are said, with the score that both have", () => {
  const scores = [{ name: "f1", current: 0.61, previous: null, greater_is_better: true }];
  const [pair] = pairsOf(
    [finding("v2", "v1", "error_rate", "better")],
    [model("v2", 90, scores), model("v1", 90, scores)],
  );
  expect(pair?.alike).toEqual(["p95 latency 200 ms, was 200 ms", "f1 0.61, was 0.61"]);
  expect(pair?.sharedScores).toEqual(["f1"]);
  expect(pair && headline(pair, "")).toBe("v2 is better than v1: error rate");
});

test("of a version with few traces nothing is claimed", () => {
  const [pair] = pairsOf([], [model("v2", 3), model("v1", 90)]);
  expect(pair && headline(pair, "")).toBe("v2 cannot be told from v1 yet");
  expect(pair?.traceCounts).toEqual([3, 90]);
});

test("a baseline that was replaced counts with its traffic of the period before", () => {
  const [pair] = pairsOf([], [model("v2", 90), model("v1", 0)]);
  expect([pair?.isReplaced, pair?.traceCounts]).toEqual([true, [90, 50]]);
});

test("a version that is alone is compared with nothing", () => {
  expect(pairsOf([], [model("v1", 90)])).toEqual([]);
});
