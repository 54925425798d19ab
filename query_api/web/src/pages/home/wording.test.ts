import { expect, test } from "vitest";
import { holding } from "@/pages/home/Quiet";
import {
  before,
  doubled,
  type Finding,
  figure,
  interval,
  metricName,
  precedingBounds,
  short,
  within,
} from "@/pages/home/wording";

const limits = (lower: number | null, upper: number | null, unit: string) =>
  interval({ lower, upper, unit } as Finding);

test("differences have a sign and a unit", () => {
  expect(limits(-0.351, -0.14, "score")).toBe("−0.35 to −0.14");
  expect(limits(0.042, 0.21, "ratio")).toBe("+4.2 to +21 points");
  expect(limits(-12, 345, "ms")).toBe("−12 ms to +345 ms");
  expect(limits(0.001, 0.02, "usd")).toBe("+$0.001 to +$0.02");
  expect(limits(null, 1, "ms")).toBe(null);
  expect([figure(0.5587, "score"), figure(0.175, "ratio")]).toEqual(["0.56", "17.5 %"]);
  expect([metricName("score.token_f1"), metricName("latency_p95")]).toEqual(["token_f1", "p95 latency"]);
});

test("a period is said in words, with the one before it", () => {
  expect([within({ since: "24h" }), before({ since: "24h" })]).toEqual([
    "in the last 24 hours",
    "the 24 hours before",
  ]);
  expect([within({ since: "1h" }), before({ since: "1h" })]).toEqual(["in the last hour", "the hour before"]);
  expect(doubled({ since: "7d" })).toEqual({ since: "14d" });
  expect(doubled({ start: "2026-11-20T00:00:00Z", end: "2026-11-21T00:00:00Z" })).toEqual({
    start: "2026-11-19T00:00:00.000Z",
    end: "2026-11-21T00:00:00Z",
  });
});

test("the period before is as long, and ends where this one starts", () => {
  const nowMs = Date.parse("2026-11-21T12:00:00Z");
  expect(precedingBounds({ since: "1h" }, nowMs)).toEqual({
    start: "2026-11-21T10:00:00.000Z",
    end: "2026-11-21T11:00:00.000Z",
  });
});

test("of two long texts the part is shown where they differ", () => {
  const prompt = "Answer the question from the pages below. ";
  expect(short(`${prompt}Be brief.`, `${prompt}Say so if they do not answer it.`, 24)).toBe(
    "…e pages below. Be brief.",
  );
  expect([short("5", "1"), short(null, "1")]).toEqual(["5", "–"]);
});

test("the period that is offered holds the newest trace", () => {
  const nowMs = Date.parse("2026-11-21T12:00:00Z");
  expect(holding("2026-11-21T02:00:00Z", nowMs)).toEqual({ since: "24h" });
  expect(holding("2026-11-18T02:00:00Z", nowMs)).toEqual({ since: "7d" });
  expect(holding("2026-10-18T02:00:00.5Z", nowMs)).toEqual({
    start: "2026-10-17T02:00:00.500Z",
    end: "2026-10-18T02:00:01.500Z",
  });
});
