import { expect, test } from "vitest";
import { pathOf } from "@/ui/Sparkline";

test("a gap interrupts the line, and a lone value is a dot", () => {
  expect(pathOf([0, 10, null, 5], [0, 10], 30, 10)).toBe("M0.0 10.0L10.0 0.0M30.0 5.0h0.01");
});

test("a course without change is a flat line", () => {
  expect(pathOf([3, 3], [3, 3], 10, 10)).toBe("M0.0 10.0L10.0 10.0");
});
