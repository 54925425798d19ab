import { expect, test } from "vitest";
import { conditionsOf, toggled, valuesOf, without, withValue } from "@/pages/traces/conditions";

test("including values writes into the filter, and takes back what was written", () => {
  const one = withValue("latency_ms > 5", "status", "ERROR", "include");
  expect(one).toBe("latency_ms > 5 AND status = 'ERROR'");
  const two = withValue(one, "status", "OK", "include");
  expect(two).toBe("latency_ms > 5 AND status IN ('ERROR', 'OK')");
  expect(withValue(two, "status", "ERROR", "include")).toBe("latency_ms > 5 AND status = 'OK'");
  expect(withValue(one, "status", "ERROR", "include")).toBe("latency_ms > 5");
});

test("excluding an included value turns it round", () => {
  expect(withValue("name = 'a'", "name", "a", "exclude")).toBe("name != 'a'");
  expect(withValue("name IN ('a', 'b')", "name", "a", "exclude")).toBe("name = 'b' AND name != 'a'");
  expect(withValue("name != 'a'", "name", "b", "exclude")).toBe("name NOT IN ('a', 'b')");
});

test("an OR keeps its meaning", () => {
  expect(withValue("name = 'a' or name = 'b'", "status", "OK", "include")).toBe(
    "(name = 'a' or name = 'b') AND status = 'OK'",
  );
  expect(without("(name = 'a' OR name = 'b') AND status = 'OK'", ["status"])).toBe(
    "name = 'a' OR name = 'b'",
  );
  expect(without("(a = 'x') AND (b = 'y') AND status = 'OK'", ["status"])).toBe("(a = 'x') AND (b = 'y')");
});

test("values may hold quotes, words of the language and brackets", () => {
  const text = withValue("", "user_id", "O'Neil AND (x", "include");
  expect(text).toBe("user_id = 'O''Neil AND (x'");
  expect([...valuesOf(text, ["user_id"], "include")]).toEqual(["O'Neil AND (x"]);
});

test("fields are known in every spelling; what is no list of values is left alone", () => {
  const filter = "tags.tier = 'pro' AND NOT name = 'a' AND latency_ms IN (1) AND span.status != 'OK'";
  expect(conditionsOf(filter).map(({ field, side }) => [field, side])).toEqual([
    ["tags['tier']", "include"],
    [null, "include"],
    [null, "include"],
    ["span.status", "exclude"],
  ]);
});

test("a condition is there or not", () => {
  const filter = toggled("status = 'OK'", "scores['f1'] < 0.5");
  expect(filter).toBe("status = 'OK' AND scores['f1'] < 0.5");
  expect(toggled(filter, "scores['f1'] < 0.5")).toBe("status = 'OK'");
});
