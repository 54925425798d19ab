import { expect, test } from "vitest";
import { axisOf, bounded, niceStep, placed, ticks, zoomed } from "@/pages/trace/scale";

test("ticks are where people count, from microseconds to hours", () => {
  expect(ticks({ fromMs: 0, toMs: 100 }, 5)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticks({ fromMs: 0, toMs: 5_400_000 }, 4)).toEqual([0, 1_800_000, 3_600_000, 5_400_000]);
  expect(ticks({ fromMs: 10.5, toMs: 10.6 }, 4)).toHaveLength(2);
  expect(niceStep(0.0003)).toBeCloseTo(0.0005);
  expect(niceStep(61_000)).toBe(120_000);
  expect(ticks({ fromMs: 3, toMs: 3 }, 4)).toEqual([3]);
});

test("a view stays within the trace and keeps its length", () => {
  expect(bounded({ fromMs: -10, toMs: 20 }, 100)).toEqual({ fromMs: 0, toMs: 30 });
  expect(bounded({ fromMs: 90, toMs: 120 }, 100)).toEqual({ fromMs: 70, toMs: 100 });
  expect(bounded({ fromMs: 0, toMs: 500 }, 100)).toEqual({ fromMs: 0, toMs: 100 });
  expect(bounded({ fromMs: 5, toMs: 5 }, 100).toMs).toBeGreaterThan(5);
  expect(bounded({ fromMs: 0, toMs: 0 }, 0)).toEqual({ fromMs: 0, toMs: 0 });
});

test("zooming keeps the middle where it is", () => {
  expect(zoomed({ fromMs: 0, toMs: 100 }, 0.5, 50, 100)).toEqual({ fromMs: 25, toMs: 75 });
  expect(zoomed({ fromMs: 25, toMs: 75 }, 2, 50, 100)).toEqual({ fromMs: 0, toMs: 100 });
});

test("bars are cut at the edges of the view; out of sight is null", () => {
  expect(placed(0, 50, { fromMs: 25, toMs: 75 })).toEqual([0, 0.5]);
  expect(placed(80, 90, { fromMs: 25, toMs: 75 })).toBeNull();
  expect(placed(0, 0, { fromMs: 0, toMs: 0 })).toEqual([0, 0]);
});

test("deep within an hour ticks are told apart", () => {
  const view = { fromMs: 5_400_000, toMs: 5_400_004 };
  expect(axisOf(view, 4).map(({ text }) => text)).toEqual(["1 h 30 min", "+1 ms", "+2 ms", "+3 ms", "+4 ms"]);
  expect(axisOf({ fromMs: 0, toMs: 100 }, 2).map(({ text }) => text)).toEqual(["0 ms", "50 ms", "100 ms"]);
});
