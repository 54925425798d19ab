import { expect, test } from "vitest";
import { criticalPath } from "@/pages/trace/criticalPath";
import { span } from "@/pages/trace/spans.fixture";
import { buildTree, type Span } from "@/pages/trace/tree";

function pathOf(tops: Span[]): Record<string, number[][]> {
  const tree = buildTree(tops);
  const { segments } = criticalPath(tree);
  return Object.fromEntries(
    [...segments].map(([index, found]) => [tree.nodes[index]?.span.span_id, found.map((one) => [...one])]),
  );
}

test("one after the other: all are on it, the parent where none runs", () => {
  expect(pathOf([span("a", 0, 100, { children: [span("b", 10, 40), span("c", 50, 90)] })])).toEqual({
    a: [
      [90, 100],
      [40, 50],
      [0, 10],
    ],
    b: [[10, 40]],
    c: [[50, 90]],
  });
});

test("side by side: the one that ended last, and nothing of the other", () => {
  expect(pathOf([span("a", 0, 100, { children: [span("b", 10, 90), span("c", 12, 80)] })])).toEqual({
    a: [
      [90, 100],
      [0, 10],
    ],
    b: [[10, 90]],
  });
});

test("a child that outlives its parent counts up to the parent's end; one that began after it does not", () => {
  const parent = span("b", 0, 50, { children: [span("c", 20, 80), span("d", 60, 70)] });
  const found = pathOf([span("a", 0, 100, { children: [parent] })]);
  expect(found).toEqual({ a: [[50, 100]], b: [[0, 20]], c: [[20, 50]] });
});

test("several topmost spans: the trace as a whole is their parent", () => {
  expect(pathOf([span("a", 0, 40), span("b", 60, 100)])).toEqual({ a: [[0, 40]], b: [[60, 100]] });
});

test("its parts never overlap and add up to the trace, where no time is bare", () => {
  let state = 1;
  const dice = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (let round = 0; round < 50; round++) {
    let id = 0;
    const grow = (from: number, to: number, depth: number): Span =>
      span(`s${round}-${id++}`, from, to, {
        children: Array.from({ length: depth > 3 ? 0 : Math.floor(dice() * 4) }, () => {
          const start = from + dice() * (to - from);
          return grow(start, start + dice() * (to - start) * 1.2, depth + 1);
        }),
      });
    const tree = buildTree([grow(0, 1_000, 0)]);
    const root = tree.nodes[0];
    const parts = [...criticalPath(tree).segments.values()].flat().sort((one, other) => one[0] - other[0]);
    let at = 0;
    for (const [from, to] of parts) {
      expect(from).toBeCloseTo(at, 3);
      at = to;
    }
    expect(at).toBeCloseTo(Math.max(root?.endMs ?? 0, tree.durationMs > 1_000 ? 1_000 : tree.durationMs), 3);
  }
});
