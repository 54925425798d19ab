import { expect, test } from "vitest";
import { times } from "@/ui/clock";

test("an axis over time says hours of 24, and the day where one begins", () => {
  const eveningS = new Date(2026, 10, 21, 22, 30).getTime() / 1_000;
  const hours = [0, 1, 2].map((hour) => eveningS + hour * 3_600);
  expect(times(hours, 3_600)).toEqual(["22:30", "23:30", expect.stringMatching(/22/)]);
  expect(times([eveningS], 10)).toEqual(["22:30:00"]);
});
