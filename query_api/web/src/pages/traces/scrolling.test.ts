import { expect, test } from "vitest";
import { placeOf, ROW_PX, scrollTopOf } from "@/pages/traces/scrolling";

const VIEW_PX = 720;

test("the rows in sight are those at the scrolled place", () => {
  expect(placeOf(1_000, 0, VIEW_PX)).toMatchObject({ first: 0, last: 20, bodyPx: 36_000 });
  expect(placeOf(1_000, 36_000 - VIEW_PX, VIEW_PX)).toMatchObject({ first: 980, last: 999 });
  expect(placeOf(0, 0, VIEW_PX)).toMatchObject({ first: 0, last: 0, bodyPx: 0 });
});

test("the last of a million rows can be scrolled to, within what browsers can draw", () => {
  const { bodyPx } = placeOf(1_000_000, 0, VIEW_PX);
  expect(bodyPx).toBeLessThan(16_000_000);
  const bottom = placeOf(1_000_000, bodyPx - VIEW_PX, VIEW_PX);
  expect(bottom.last).toBe(999_999);
  expect(bottom.offsetPx).toBeCloseTo(1_000_000 * ROW_PX - VIEW_PX);
});

test.each([1_000, 1_000_000])("a row of %i comes into sight, and stays where it is if it is", (count) => {
  for (const index of [0, 17, count / 2, count - 1]) {
    const top = scrollTopOf(count, index, 0, VIEW_PX);
    const { first, last } = placeOf(count, top, VIEW_PX);
    expect(first <= index && index <= last).toBe(true);
    expect(scrollTopOf(count, index, top, VIEW_PX)).toBeCloseTo(top);
  }
});
