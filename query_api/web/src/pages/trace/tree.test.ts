import { describe, expect, test } from "vitest";
import { span } from "@/pages/trace/spans.fixture";
import { buildTree, closedAt, errorsOf, revealed, selfMs, visibleRows } from "@/pages/trace/tree";

const tops = [
  span("a", 0, 100, {
    children: [
      span("b", 10, 40, { children: [span("c", 12, 20, { status: "ERROR" })], status: "ERROR" }),
      span("d", 30, 60),
    ],
  }),
];

describe("buildTree", () => {
  test("parents stand before their children, each with the end of its descendants", () => {
    const { nodes, durationMs, maxDepth, indexOf } = buildTree(tops);
    expect(
      nodes.map((node) => [node.span.span_id, node.parent, node.depth, node.after, node.errorsBelow]),
    ).toEqual([
      ["a", -1, 0, 4, 2],
      ["b", 0, 1, 3, 1],
      ["c", 1, 2, 3, 0],
      ["d", 0, 1, 4, 0],
    ]);
    expect([durationMs, maxDepth, indexOf.get("d")]).toEqual([100, 2, 3]);
  });

  test("what the server cut off at 50 levels hangs where it belongs again", () => {
    const cut = span("d", 5, 6, { parent_span_id: "c", detached: true, children: [span("e", 5, 6)] });
    const again = span("f", 5, 6, { parent_span_id: "e", detached: true });
    const { nodes } = buildTree([span("a", 0, 9, { children: [span("c", 4, 7)] }), again, cut]);
    expect(nodes.map((node) => [node.span.span_id, node.depth])).toEqual([
      ["a", 0],
      ["c", 1],
      ["d", 2],
      ["e", 3],
      ["f", 4],
    ]);
  });

  test("parents in a circle stay at the top, and every span is there once", () => {
    const circle = span("x", 1, 2, {
      parent_span_id: "y",
      detached: true,
      children: [span("y", 1, 2, { parent_span_id: "x" })],
    });
    const { nodes } = buildTree([circle]);
    expect(nodes.map((node) => [node.span.span_id, node.depth])).toEqual([
      ["x", 0],
      ["y", 1],
    ]);
  });

  test("nothing, and 50,000 spans, make a tree", () => {
    expect(buildTree([]).nodes).toEqual([]);
    const many = Array.from({ length: 49_999 }, (_, index) => span(`s${index}`, index, index + 1));
    const tree = buildTree([span("root", 0, 50_000, { children: many })]);
    expect(tree.nodes.length).toBe(50_000);
    expect(tree.nodes[0]?.after).toBe(50_000);
    expect(visibleRows(tree, new Set([0]))).toEqual([0]);
  });

  test("a chain of 5,000 levels, cut into pieces of 50, is one chain", () => {
    const pieces = Array.from({ length: 100 }, (_, piece) => {
      let inner = span(`${piece * 50 + 49}`, 0, 1);
      for (let level = 48; level >= 0; level--)
        inner = span(`${piece * 50 + level}`, 0, 1, { children: [inner] });
      return { ...inner, parent_span_id: piece === 0 ? null : `${piece * 50 - 1}`, detached: piece > 0 };
    });
    expect(buildTree(pieces.reverse()).maxDepth).toBe(4_999);
  });
});

test("closed spans hide what is below them; what is chosen is opened again", () => {
  const tree = buildTree(tops);
  expect(visibleRows(tree, new Set([1]))).toEqual([0, 1, 3]);
  expect([...closedAt(tree, 1)]).toEqual([0, 1]);
  expect([...closedAt(tree, 2)]).toEqual([1]);
  expect([...closedAt(tree, undefined)]).toEqual([]);
  expect(visibleRows(tree, revealed(tree, closedAt(tree, 1), 2))).toEqual([0, 1, 2, 3]);
});

test("self time is what no child covers, overlapping children counted once", () => {
  const tree = buildTree(tops);
  expect(selfMs(tree, 0)).toBeCloseTo(50); // 0 to 10 and 60 to 100
  expect(selfMs(tree, 1)).toBeCloseTo(22);
  const late = buildTree([span("a", 0, 10, { children: [span("b", 5, 30)] })]);
  expect(selfMs(late, 0)).toBeCloseTo(5);
});

test("the error that happened first is the first, whatever its place", () => {
  expect(errorsOf(buildTree(tops))).toEqual([2, 1]);
});
