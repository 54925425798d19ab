import { describe, expect, it } from "vitest";
import { filledText, messagesOf, variablesOf } from "@/pages/prompts/template";

describe("variables", () => {
  it("are found in the order in which they come, each once, in any script", () => {
    expect(variablesOf("Dear {{ name }}, {{greeting}} {{name}} {{ 名前 }} {{ a_1 }}")).toEqual([
      "name",
      "greeting",
      "名前",
      "a_1",
    ]);
    expect(variablesOf([{ role: "user", content: "{{ q }}" }])).toEqual(["q"]);
  });

  it("are not what only looks like one", () => {
    expect(variablesOf("{ a } {{ 1a }} {{ a b }} {{}} {{ a-b }}")).toEqual([]);
  });

  it("are filled with text that is not looked at again", () => {
    expect(filledText("{{ a }} {{ b }} {{ c }}", { a: "{{ b }}", b: "$& $1" })).toBe("{{ b }} $& $1 {{ c }}");
    expect(filledText("{{ constructor }}", {})).toBe("{{ constructor }}");
  });
});

describe("messages of a request", () => {
  const own = [
    { role: "system", content: "old" },
    { role: "user", content: "hi" },
  ];

  it("are the template's, and a text is the user's", () => {
    expect(messagesOf("Hi {{ a }}", { a: "you" })).toEqual([{ role: "user", content: "Hi you" }]);
    expect(
      messagesOf(
        [
          { role: "system", content: " " },
          { role: "user", content: "x" },
        ],
        {},
      ),
    ).toEqual([{ role: "user", content: "x" }]);
  });

  it("end with those of the row, whose instructions the template's replace", () => {
    expect(messagesOf("new", {}, own)).toEqual([
      { role: "system", content: "new" },
      { role: "user", content: "hi" },
    ]);
    expect(messagesOf("", {}, own)).toEqual(own);
    expect(messagesOf([{ role: "user", content: "first" }], {}, own)).toEqual([
      { role: "user", content: "first" },
      ...own,
    ]);
  });
});
