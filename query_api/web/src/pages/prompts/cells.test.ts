import { expect, it } from "vitest";
import { type Cell, EMPTY_CELL, median, totalsOf } from "@/pages/prompts/cells";

const cell = (more: Partial<Cell>): Cell => ({ ...EMPTY_CELL, state: "done", ...more });

it("has the middle of any number of values", () => {
  expect(median([])).toBeNull();
  expect(median([3, null, 1])).toBe(2);
  expect(median([9, 1, 5])).toBe(5);
});

it("sums what is over, and says of how many calls a sum is", () => {
  const score = { name: "f1", value: 0.5, label: "", explanation: "" };
  const totals = totalsOf([
    cell({ latencyMs: 100, inputTokens: 5, outputTokens: 1, costUsd: 0.5, scores: [score] }),
    cell({
      latencyMs: 300,
      inputTokens: 7,
      scores: [
        { ...score, value: 1 },
        { ...score, name: "tone", value: null },
      ],
    }),
    cell({ state: "failed", latencyMs: 9_000 }),
    cell({ state: "running", latencyMs: 9_000 }),
  ]);
  expect(totals).toMatchObject({
    callCount: 3,
    errorCount: 1,
    latencyP50Ms: 200,
    latencyMaxMs: 300,
    inputTokens: 12,
    outputTokens: 1,
    costUsd: 0.5,
    costCount: 1,
    scores: [
      { name: "f1", mean: 0.75, count: 2 },
      { name: "tone", mean: null, count: 1 },
    ],
  });
});

it("knows nothing of no calls", () => {
  expect(totalsOf([])).toMatchObject({ callCount: 0, latencyMaxMs: null, costUsd: null, scores: [] });
});
