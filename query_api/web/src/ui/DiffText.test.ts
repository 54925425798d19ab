import { expect, test } from "vitest";
import { partsOf } from "@/ui/DiffText";
import { linesOf } from "@/ui/diff";

test("what is the same for long is folded, but for three lines around a change", () => {
  const same = Array.from({ length: 10 }, (_, n) => `line ${n}`);
  const parts = partsOf(linesOf([...same, "old"].join("\n"), [...same, "new"].join("\n")));
  expect(parts.map(({ isFolded, lines }) => [isFolded, lines.length])).toEqual([
    [true, 7],
    [false, 4],
  ]);
});
