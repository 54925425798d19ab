import { describe, expect, it } from "vitest";
import { deltaOf, errorIn, eventsIn } from "@/pages/prompts/sse";

describe("events", () => {
  it("are found however the stream is cut and whatever ends its lines", () => {
    const stream = ': comment\r\n\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: x\ndata:two\n\n\rdata: three\r\r';
    for (let size = 1; size <= stream.length; size += 1) {
      const found: string[] = [];
      let buffer = "";
      for (let at = 0; at < stream.length; at += size) {
        const { events, rest } = eventsIn(buffer + stream.slice(at, at + size));
        found.push(...events);
        buffer = rest;
      }
      found.push(...eventsIn(`${buffer}\n\n`).events);
      expect(found).toEqual(['{"a":\n1}', "two", "three"]);
    }
  });
});

describe("deltas", () => {
  it("add text, tokens and the reason to stop", () => {
    expect(deltaOf('{"choices":[{"delta":{"content":"Hi"},"finish_reason":null}]}').text).toBe("Hi");
    expect(deltaOf('{"choices":[{"delta":{},"finish_reason":"stop"}]}').finishReason).toBe("stop");
    const usage = deltaOf('{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}');
    expect([usage.inputTokens, usage.outputTokens]).toEqual([9, 2]);
    expect(deltaOf("[DONE]").isDone).toBe(true);
  });

  it("tell of tools that are to be called", () => {
    const call = { index: 0, function: { name: "weather", arguments: "{}" } };
    const { toolCalls } = deltaOf(JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] }));
    expect(toolCalls).toEqual([{ index: 0, name: "weather", arguments: "{}" }]);
  });

  it("are errors where the server says so, or what came cannot be read", () => {
    expect(deltaOf('{"error":{"message":"gone","code":"x"}}').error).toBe("gone");
    expect(deltaOf("<html>").error).toContain("no JSON");
    expect(errorIn({ error: {} })).toContain("without words");
  });

  it.each([
    "null",
    "1",
    "[]",
    '{"choices":1}',
    '{"choices":[null]}',
    '{"choices":[{"delta":{"tool_calls":[1]}}]}',
  ])("of a strange shape add nothing: %s", (data) => {
    expect(deltaOf(data)).toMatchObject({ text: "", error: null, isDone: false });
  });
});
