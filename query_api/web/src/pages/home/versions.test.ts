import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { reachedFrom, snippets } from "@/pages/home/snippets";
import { commonScores } from "@/pages/home/versions";

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
