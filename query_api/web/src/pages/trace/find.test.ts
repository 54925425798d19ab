import { expect, test } from "vitest";
import { find, matches, nextOf, patternOf } from "@/pages/trace/find";
import { span } from "@/pages/trace/spans.fixture";
import { buildTree } from "@/pages/trace/tree";

function found(text: string, given: Parameters<typeof span>[3]): boolean {
  const pattern = patternOf(text);
  return pattern !== null && matches(span("a", 0, 1, given), pattern);
}

test("names, texts, attributes and events are searched, whatever the case", () => {
  expect(found("PARIS", { input: "in paris?" })).toBe(true);
  expect(found("http.method", { attributes: { "http.method": "GET" } })).toBe(true);
  expect(found("443", { attributes: { port: "443" } })).toBe(true);
  const events = [{ name: "exception", time_unix_ns: 0, attributes: { "exception.type": "KeyError" } }];
  expect(found("keyerror", { events })).toBe(true);
  expect(found("rome", { input: "paris", output: null })).toBe(false);
});

test("signs are themselves, not patterns", () => {
  expect(found("a.c", { input: "abc" })).toBe(false);
  expect(found("f(x", { input: "call f(x)" })).toBe(true);
  expect(patternOf("  ")).toBeNull();
});

test("hits come in the order of the tree; one that is called off gives none", async () => {
  const tree = buildTree([
    span("a", 0, 9, { children: [span("b1", 1, 2), span("c", 3, 4), span("b2", 5, 6)] }),
  ]);
  expect(await find(tree.nodes, "b", new AbortController().signal)).toEqual([1, 3]);
  expect(await find(tree.nodes, "", new AbortController().signal)).toEqual([]);
  expect(await find(tree.nodes, "b", AbortSignal.abort())).toBeNull();
});

test("next and previous go round; from elsewhere to the nearest", () => {
  expect(nextOf([2, 5, 9], 5, 1)).toBe(9);
  expect(nextOf([2, 5, 9], 9, 1)).toBe(2);
  expect(nextOf([2, 5, 9], 2, -1)).toBe(9);
  expect(nextOf([2, 5, 9], 3, 1)).toBe(5);
  expect(nextOf([2, 5, 9], 3, -1)).toBe(2);
  expect(nextOf([2], 7, 1)).toBe(2);
  expect(nextOf([], 7, 1)).toBeNull();
});
