import { expect, test } from "vitest";
import { fieldText, placeAt, tokensOf, unquoted } from "@/ui/FilterBoxTokens";

/** The place of the "|" in a filter. */
function at(marked: string) {
  const cursor = marked.indexOf("|");
  return placeAt(marked.replace("|", ""), cursor);
}

test("tokens keep quotes and cover everything but white space", () => {
  expect(tokensOf("a.b != 'it''s' §").map((token) => [token.kind, token.text])).toEqual([
    ["name", "a"],
    ["mark", "."],
    ["name", "b"],
    ["operator", "!="],
    ["string", "'it''s'"],
    ["other", "§"],
  ]);
  expect([unquoted("'it''s'"), unquoted("'op"), unquoted("'")]).toEqual(["it's", "op", ""]);
});

test.each([
  ["|", "field", ""],
  ["sta|", "field", "sta"],
  ["status = 'OK' AND NOT (na|", "field", "na"],
  ["status |", "operator", ""],
  ["name !|", "operator", "!"],
  ["name =|", "value", ""],
  ["name NOT li|", "operator", "li"],
  ["status = |", "value", ""],
  ["status = 'ER|'", "value", "ER"],
  ["name IN ('a', 'b|", "list", "b"],
  ["status = 'OK' a|", "joiner", "a"],
  ["tags['ti|", "key", "ti"],
  ["tags.`git br|", "key", "git br"],
  ["name IN |", "nothing", ""],
  ["cost_usd IS NOT NULL |", "joiner", ""],
])("at %s a %s is expected", (marked, expects, typed) => {
  expect(at(marked)).toMatchObject({ expects, typed });
});

test("the field is known with its key, and with the span before it", () => {
  const fields = ["tags['a.b'] = '|", "tags.a.b = '|", "span.attributes['k'] > |", "span.name = '|"];
  expect(fields.map(at).map(({ field }) => field && fieldText(field))).toEqual([
    "tags['a.b']",
    "tags['a.b']",
    "span.attributes['k']",
    "span.name",
  ]);
});

test("a completion takes the place of the whole token that the cursor is in", () => {
  expect(at("sta|tus = 'OK'")).toMatchObject({ from: 0, to: 6 });
  expect(at("status = 'E|RR' AND x = 1")).toMatchObject({ from: 9, to: 14 });
});

test("open parentheses are counted, those of lists are not", () => {
  expect(at("(status = 'OK' |").depth).toBe(1);
  expect(at("(status IN ('OK')) |").depth).toBe(0);
});
