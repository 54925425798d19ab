import { expect, test } from "vitest";
import { diff, linesOf, type Run, wordsOf } from "@/ui/diff";

function sideOf<Item>(runs: readonly Run<Item>[], other: "removed" | "added"): Item[] {
  return runs.filter(({ kind }) => kind !== other).flatMap(({ items }) => items);
}

test("both sequences can be read off the runs, and no shorter way is there", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const shortest = (a: string[], b: string[]) => {
    const table = Array.from({ length: a.length + 1 }, (_, i) => Array.from(b, () => i).concat(i));
    for (let j = 0; j <= b.length; j++) (table[0] as number[])[j] = j;
    for (let i = 1; i <= a.length; i++)
      for (let j = 1; j <= b.length; j++) {
        const at = (x: number, y: number) => table[x]?.[y] ?? 0;
        const kept = a[i - 1] === b[j - 1] ? at(i - 1, j - 1) : Number.POSITIVE_INFINITY;
        (table[i] as number[])[j] = Math.min(kept, at(i - 1, j) + 1, at(i, j - 1) + 1);
      }
    return table[a.length]?.[b.length];
  };
  for (let round = 0; round < 300; round++) {
    const make = () => Array.from({ length: random(12) }, () => "abc"[random(3)] ?? "");
    const [a, b] = [make(), make()];
    const runs = diff(a, b);
    expect(sideOf(runs, "added")).toEqual(a);
    expect(sideOf(runs, "removed")).toEqual(b);
    const edits = runs
      .filter(({ kind }) => kind !== "same")
      .reduce((sum, { items }) => sum + items.length, 0);
    expect(edits).toBe(shortest(a, b));
  }
});

test("what has nothing in common is replaced, in bounded time", () => {
  const runs = diff(
    Array.from({ length: 5_000 }, (_, n) => `a${n}`),
    Array.from({ length: 5_000 }, (_, n) => `b${n}`),
  );
  expect(runs.map(({ kind, items }) => [kind, items.length])).toEqual([
    ["removed", 5_000],
    ["added", 5_000],
  ]);
});

test("the words of a changed line are marked, beside one another", () => {
  const marked = (pieces: { text: string; isMarked: boolean }[] | null | undefined) =>
    pieces?.filter(({ isMarked }) => isMarked).map(({ text }) => text);
  const [first, second, third] = linesOf(
    "Be brief.\nAnswer in French.",
    "Be brief.\nAnswer in Dutch.\nThanks.",
  );
  expect(first?.isSame).toBe(true);
  expect([marked(second?.before), marked(second?.after)]).toEqual([["French"], ["Dutch"]]);
  expect([third?.before, third?.after?.[0]?.text]).toEqual([null, "Thanks."]);
});

test("lines without anything in common carry no marks, and an empty text has no lines", () => {
  expect(linesOf("alpha beta", "gamma delta")[0]?.after).toEqual([{ text: "gamma delta", isMarked: false }]);
  expect(linesOf("", "")).toEqual([]);
  expect(linesOf("", "x")).toEqual([
    { isSame: false, before: null, after: [{ text: "x", isMarked: false }] },
  ]);
});

test("words are found in scripts without spaces", () => {
  expect(wordsOf("東京は晴れ").length).toBeGreaterThan(1);
});
