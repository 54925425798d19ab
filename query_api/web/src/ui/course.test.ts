import { expect, test } from "vitest";
import { courseOf, startsOf } from "@/ui/course";

const PIECES = { start_time_unix_ns: 65e9, end_time_unix_ns: 245e9, bucket_ns: 60e9 };

test("a course has a place for each piece of the period, also for the one that has only begun", () => {
  const buckets = [60, 120, 240, 999].map((startS) => ({ start_time_unix_ns: startS * 1e9, startS }));
  expect(startsOf(PIECES)).toEqual([60, 120, 180, 240]);
  expect(courseOf(PIECES, buckets, ({ startS }) => startS, 0)).toEqual([60, 120, 0, 240]);
  expect(courseOf(PIECES, buckets, () => undefined, null)).toEqual([null, null, null, null]);
});
