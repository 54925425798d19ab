import { afterEach, expect, test, vi } from "vitest";
import { loadViews, MAX_VIEWS, storeViews, withFile, withView } from "@/pages/traces/views";

afterEach(() => vi.unstubAllGlobals());

test("views are kept, and one of the same name gives way", () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  expect(loadViews()).toEqual([]);
  storeViews(withView(withView([], { name: "b", search: "?since=1h" }), { name: "a", search: "" }));
  storeViews(withView(loadViews(), { name: "b", search: "?since=24h" }));
  expect(loadViews()).toEqual([
    { name: "a", search: "" },
    { name: "b", search: "?since=24h" },
  ]);
});

test("a browser that keeps nothing has no views, and says so when one is saved", () => {
  expect(loadViews()).toEqual([]);
  expect(() => storeViews([])).toThrow("does not let pages keep anything");
});

test.each([
  ["{}", "no list of views"],
  ["[1", "this file has no views"],
  ['[{"name": "", "search": ""}]', 'needs a "name"'],
  ['[{"name": "x", "search": "https://elsewhere.example"}]', 'the "search" of x'],
])("the file %s is refused", (text, message) => {
  expect(() => withFile([], text)).toThrow(message);
});

test("there is a most of views", () => {
  const many = Array.from({ length: MAX_VIEWS }, (_, index) => ({ name: `v${index}`, search: "" }));
  expect(withFile([], JSON.stringify(many))).toHaveLength(MAX_VIEWS);
  expect(() => withView(many, { name: "one more", search: "" })).toThrow("delete one");
});
