import { expect, it } from "vitest";
import { messagesIn, textIn, valuesIn } from "@/pages/prompts/recorded";

const parts = JSON.stringify([
  { role: "system", parts: [{ type: "text", content: "Be brief." }] },
  { role: "user", parts: [{ type: "text", content: "Who?" }, { type: "image" }] },
  { role: "assistant", parts: [{ type: "tool_call", name: "x" }] },
]);

it("reads messages of OpenTelemetry's conventions and of OpenAI's; what has no text goes", () => {
  const read = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Who?" },
  ];
  expect(messagesIn(parts)).toEqual(read);
  expect(messagesIn(JSON.stringify({ messages: read }))).toEqual(read);
  expect(messagesIn(JSON.stringify([{ role: "user", content: [{ type: "text", text: "a" }, "b"] }]))).toEqual(
    [{ role: "user", content: "a\nb" }],
  );
});

it.each(["hello", "[]", '["a"]', '{"question":"a"}', "1", '[{"role":1}]'])("is no chat: %s", (input) => {
  expect(messagesIn(input)).toBeNull();
});

it("takes what the user said last for the text of a chat, and the only argument for that of a function", () => {
  expect(textIn(parts)).toBe("Who?");
  expect(textIn('{"question":"Who?"}')).toBe("Who?");
  expect(textIn('{"a":"x","b":"y"}')).toBe('{"a":"x","b":"y"}');
  expect(textIn('"quoted"')).toBe("quoted");
});

it("maps arguments to variables of the same names, and everything else to the chosen one", () => {
  expect(valuesIn('{"question":"Who?","k":3,"x":1}', ["question", "k"], "question")).toEqual({
    question: "Who?",
    k: "3",
  });
  expect(valuesIn("Who?", ["a", "question"], "question")).toEqual({ question: "Who?" });
});
