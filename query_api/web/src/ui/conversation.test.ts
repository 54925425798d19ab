import { describe, expect, test } from "vitest";
import { contentOf, plainText } from "@/ui/conversation";

function messages(recorded: unknown) {
  const content = contentOf(typeof recorded === "string" ? recorded : JSON.stringify(recorded));
  return content.kind === "messages" ? content.messages : content;
}

describe("contentOf", () => {
  test("OpenTelemetry's conventions", () => {
    const recorded = [
      { role: "system", parts: [{ type: "text", content: "Be brief." }] },
      { role: "user", parts: [{ type: "text", content: "Weather?" }] },
      { role: "assistant", parts: [{ type: "tool_call", id: "c1", name: "weather", arguments: { c: "P" } }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "rain" }] },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", content: "hm" },
          { type: "text", content: "Rain." },
        ],
        finish_reason: "stop",
      },
    ];
    expect(messages(recorded)).toEqual([
      { role: "system", name: "", finishReason: "", parts: [{ kind: "text", text: "Be brief." }] },
      { role: "user", name: "", finishReason: "", parts: [{ kind: "text", text: "Weather?" }] },
      {
        role: "assistant",
        name: "",
        finishReason: "",
        parts: [{ kind: "tool_call", id: "c1", name: "weather", text: '{\n  "c": "P"\n}' }],
      },
      { role: "tool", name: "", finishReason: "", parts: [{ kind: "tool_result", id: "c1", text: "rain" }] },
      {
        role: "assistant",
        name: "",
        finishReason: "stop",
        parts: [
          { kind: "reasoning", text: "hm" },
          { kind: "text", text: "Rain." },
        ],
      },
    ]);
  });

  test("OpenAI's chat messages, whole requests and choices", () => {
    const calls = [{ id: "c1", type: "function", function: { name: "f", arguments: '{"a":1}' } }];
    const asked = [
      { role: "user", content: [{ type: "text", text: "see" }] },
      { role: "assistant", content: null, tool_calls: calls },
      { role: "tool", tool_call_id: "c1", content: "done" },
    ];
    const found = messages({ model: "m", messages: asked });
    expect(found).toEqual(messages(asked));
    expect(found).toMatchObject([
      { role: "user", parts: [{ kind: "text", text: "see" }] },
      { role: "assistant", parts: [{ kind: "tool_call", name: "f", text: '{\n  "a": 1\n}' }] },
      { role: "tool", parts: [{ kind: "tool_result", id: "c1", text: "done" }] },
    ]);
    const answered = { choices: [{ message: { role: "assistant", content: "hi" }, finish_reason: "stop" }] };
    expect(messages(answered)).toMatchObject([{ finishReason: "stop", parts: [{ text: "hi" }] }]);
  });

  test("OpenAI's Responses API", () => {
    const input = [
      { role: "user", content: "go" },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "ok" },
    ];
    expect(messages({ model: "m", instructions: "Be kind.", input })).toMatchObject([
      { role: "system", parts: [{ text: "Be kind." }] },
      { role: "user" },
      { role: "assistant", parts: [{ kind: "tool_call", name: "f" }] },
      { role: "tool", parts: [{ kind: "tool_result", text: "ok" }] },
    ]);
  });

  test("Anthropic's blocks: thinking, tools, images; answers of tools are a tool's", () => {
    const image = {
      type: "image",
      source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" },
    };
    const found = messages({
      model: "m",
      system: [{ type: "text", text: "S" }],
      messages: [
        { role: "user", content: [image] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "t" },
            { type: "tool_use", id: "u", name: "f", input: {} },
          ],
        },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "u", content: [{ type: "text", text: "r" }] }],
        },
      ],
    });
    expect(found).toMatchObject([
      { role: "system", parts: [{ text: "S" }] },
      { role: "user", parts: [{ kind: "image", source: "data:image/png;base64,iVBORw0KGgo=" }] },
      {
        role: "assistant",
        parts: [
          { kind: "reasoning", text: "t" },
          { kind: "tool_call", name: "f" },
        ],
      },
      { role: "tool", parts: [{ kind: "tool_result", id: "u", text: "r" }] },
    ]);
    expect(
      messages({ role: "assistant", content: [{ type: "text", text: "a" }], stop_reason: "end_turn" }),
    ).toMatchObject([{ finishReason: "end_turn" }]);
  });

  test.each([
    ["https://evil.example/leak.png?secret", null],
    ["javascript:alert(1)", null],
    ["data:image/svg+xml;base64,PHN2Zz4=", null],
    ["data:text/html;base64,PHNjcmlwdD4=", null],
    ["data:image/gif;base64,R0lGODlhAQ==", "data:image/gif;base64,R0lGODlhAQ=="],
  ])("of %s only raster data is shown as an image", (url, source) => {
    const found = messages([{ role: "user", content: [{ type: "image_url", image_url: { url } }] }]);
    expect(found).toMatchObject([{ parts: [{ kind: "image", source }] }]);
  });

  test("what is no conversation stays JSON or text", () => {
    expect(contentOf('{"question":"why?"}')).toEqual({ kind: "json", text: '{\n  "question": "why?"\n}' });
    expect(contentOf('{"input":"why?"}').kind).toBe("json");
    expect(contentOf("[1, 2]").kind).toBe("json");
    expect(contentOf("[]").kind).toBe("json");
    expect(contentOf("plain")).toEqual({ kind: "text", text: "plain" });
    expect(contentOf('"a\\nb"')).toEqual({ kind: "text", text: "a\nb" });
    expect(contentOf('[{"role": "user", "content": "cut of')).toMatchObject({ kind: "text" });
    expect(contentOf("42")).toEqual({ kind: "text", text: "42" });
  });

  test("hostile shapes are shown, not believed", () => {
    const odd = [{ role: "user", content: [null, 7, { type: "constructor" }, { type: "__proto__", a: 1 }] }];
    expect(messages(odd)).toMatchObject([
      {
        parts: [
          { kind: "text", text: "" },
          { kind: "text", text: "7" },
          { kind: "other" },
          { kind: "other" },
        ],
      },
    ]);
    expect(messages([{ role: { a: 1 }, content: "x" }])).toMatchObject({ kind: "json" });
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(["json", "text"]).toContain(contentOf(deep).kind);
  });

  test("plainText has roles above what they say", () => {
    const recorded = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
    ];
    expect(plainText(contentOf(JSON.stringify(recorded)))).toBe("user:\na\n\nassistant:\nb");
  });
});
