import { describe, expect, it } from "vitest";
import {
  columnsOf,
  MAX_ROWS,
  MAX_TEXT_BYTES,
  missingIn,
  parseCsv,
  parseJsonl,
  parseRows,
} from "@/pages/prompts/rows";

const values = (text: string) => parseRows(text).map((row) => row.values);

describe("CSV", () => {
  it("has names in its first line; values may be quoted and hold anything", () => {
    expect(values('\uFEFFquestion, language\r\n"Who, me?","say ""hi""\r\nto all"\r\nplain,\r\n\r\n')).toEqual(
      [
        { question: "Who, me?", language: 'say "hi"\nto all' },
        { question: "plain", language: "" },
      ],
    );
  });

  it("may have tabs, as a spreadsheet copies it", () => {
    expect(values("a\tb\n1, 2\t3")).toEqual([{ a: "1, 2", b: "3" }]);
  });

  it.each([
    ["", /Line 1: there is nothing/],
    ["a,b\n", /Line 1: only names/],
    ["a,,c\n1,2,3", /Line 1, column 2: the column has no name/],
    ["a,a\n1,2", /Line 1, column 2: the name "a" is there twice/],
    ['a,b\n1,2\n"x\ny",3\n4', /Line 5, column 2: 1 values for 2 columns/],
    ["a,b\n1,2,3", /Line 2, column 3: 3 values for 2 columns/],
    ['a,b\n1,"2', /Line 2, column 2: a quote is opened/],
    ['a,b\n1,"2"x', /Line 2, column 2: after a closing quote/],
    [`${Array.from({ length: 51 }, (_, n) => `c${n}`).join(",")}\n`, /Line 1, column 51: at most 50/],
    [`a\n${"x\n".repeat(MAX_ROWS + 1)}`, /Line 202: at most 200 rows are taken, these are 201/],
  ])("says where it is wrong: %j", (text, message) => {
    expect(() => parseCsv(text)).toThrow(message);
  });
});

describe("JSON lines", () => {
  it("are objects; what is no text becomes JSON, and messages are a whole chat", () => {
    const rows = parseRows('{"q":"x","n":1,"l":[1]}\n\n{"messages":[{"role":"user","content":"hi"}]}');
    expect(rows.map((row) => row.values)).toEqual([{ q: "x", n: "1", l: "[1]" }, {}]);
    expect(rows[1]?.messages).toEqual([{ role: "user", content: "hi" }]);
  });

  it.each([
    ['{"a":1}\n{"a":', /Line 2/],
    ['{"a":1}\n[1]', /Line 2: must be an object/],
    ['{"messages":"x"}', /Line 1, column messages: must be a list/],
    ["\n", /Line 1: there is nothing/],
    ['{"a":1}\n'.repeat(MAX_ROWS + 1), /Line 201: at most 200/],
  ])("say where they are wrong: %j", (text, message) => {
    expect(() => parseJsonl(text)).toThrow(message);
  });
});

it("takes no more than it can show", () => {
  expect(() => parseRows("x".repeat(MAX_TEXT_BYTES + 1))).toThrow(/more than 2 MB/);
});

it("knows the columns of rows, and what a row lacks", () => {
  const rows = parseRows("b,expected_response\n1,x");
  expect(columnsOf(rows, ["a", "b"])).toEqual(["a", "b", "expected_response"]);
  expect(rows.map((row) => missingIn(row, ["a", "b"]))).toEqual([["a"]]);
});
