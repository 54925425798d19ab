import { expect, test } from "vitest";
import { distributionOf, gridOf, sharesAt } from "@/pages/compare/ecdf";

function scatter(trace_count: number, latency_ms: number[]) {
  return { trace_count, points: { trace_id: [], start_time_unix_ns: [], latency_ms, error: [] } };
}

test("all points: each trace counts the same", () => {
  const steps = distributionOf(scatter(4, [40, 10, 30, 20]));
  expect(steps.map(({ share }) => share)).toEqual([0.25, 0.5, 0.75, 1]);
});

test("of a sample the slowest hundred stand for themselves and the rest for all others", () => {
  const fast = Array.from({ length: 100 }, () => 1);
  const slow = Array.from({ length: 100 }, () => 1_000);
  const steps = distributionOf(scatter(10_000, [...slow, ...fast]));
  expect(steps[99]?.share).toBeCloseTo(0.99);
  expect(steps.at(-1)?.share).toBeCloseTo(1);
});

test("the grid spans all versions, and shares reach 1 at its end", () => {
  const steps = distributionOf(scatter(2, [1, 100]));
  const grid = gridOf([steps, distributionOf(scatter(1, [1_000]))], 4);
  expect(grid.map(Math.round)).toEqual([1, 10, 100, 1_000]);
  expect(sharesAt(steps, grid)).toEqual([0.5, 0.5, 1, 1]);
  expect(gridOf([[]], 4)).toEqual([]);
});
