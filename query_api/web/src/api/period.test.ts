import { expect, test } from "vitest";
import { boundsOf, periodOf, sinceMs } from "@/api/period";

test("a period is counted back from now", () => {
  const nowMs = Date.parse("2026-11-21T12:00:00Z");
  expect(boundsOf({ since: "24h" }, nowMs)).toEqual({ start: "2026-11-20T12:00:00.000Z" });
  expect(boundsOf({}, nowMs)).toEqual({});
});

test("whatever the address bar holds, a period is valid", () => {
  expect(periodOf({ since: "7d", start: "2026-11-21T12:00:00Z" })).toEqual({ since: "7d" });
  expect(periodOf({ since: "-7d", start: "yesterday", end: 5 })).toEqual({});
  expect(periodOf({ start: "2026-11-21T12:00:00Z" })).toEqual({ start: "2026-11-21T12:00:00Z" });
  expect(sinceMs("0h")).toBeNull();
});
