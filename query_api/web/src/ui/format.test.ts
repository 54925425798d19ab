import { expect, test } from "vitest";
import {
  ago,
  bytes,
  change,
  count,
  digits,
  duration,
  inUnit,
  percent,
  score,
  UNKNOWN,
  usd,
} from "@/ui/format";

test("every number has its unit", () => {
  expect([duration(0.1234), duration(38), duration(1_240), duration(125_000), duration(10_920_000)]).toEqual([
    "123 µs",
    "38 ms",
    "1.24 s",
    "2 min 5 s",
    "3 h 2 min",
  ]);
  expect([usd(0.001234), usd(1.239), usd(-2), usd(12_345)]).toEqual([
    "$0.0012",
    "$1.24",
    "−$2.00",
    "$12,345",
  ]);
  expect([percent(0.1234), change(-0.034), change(0.5), bytes(1_234_000_000)]).toEqual([
    "12.3 %",
    "−3.4 %",
    "+50 %",
    "1.23 GB",
  ]);
  expect([count(12_345), count(1_234_567), inUnit(12, "tokens")]).toEqual(["12,345", "1.23M", "12 tokens"]);
});

test("what is not known is not shown as nothing", () => {
  for (const format of [duration, usd, percent, count, bytes, change]) {
    expect([format(null), format(undefined), format(Number.NaN)]).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
  }
});

test("times ago are in one unit", () => {
  const nowMs = Date.parse("2026-11-21T12:00:00Z");
  expect(ago("2026-11-21T11:59:58Z", nowMs)).toBe("just now");
  expect(ago("2026-11-21T11:55:00Z", nowMs)).toBe("5 min ago");
  expect(ago("2026-11-18T12:00:00Z", nowMs)).toBe("3 d ago");
});

test("what is below zero has the sign that stands beside the others", () => {
  expect([digits(-0.258), score(-1.5), duration(-84.7), inUnit(-1.63, "per_hour")]).toEqual([
    "−0.258",
    "−1.5",
    "−84.7 ms",
    "−1.63 / h",
  ]);
});
