import { expect, it } from "vitest";
import { formOf, NO_SETTINGS, readSettings, requestMembers } from "@/pages/prompts/settings";

it("goes from a version to the form and back without a change", () => {
  const settings = { temperature: 0, max_tokens: 50, stop: ["END", "."], top_p: 0.5, model: "gpt-4o" };
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const read = readSettings(formOf(settings, schema));
  expect(read).toEqual({ settings, responseFormat: schema, errors: {} });
  expect(readSettings(formOf(null, null))).toEqual({ settings: {}, responseFormat: null, errors: {} });
});

it("leaves out of a request what the endpoint decides, and words the schema as the gateway does", () => {
  const read = readSettings({
    ...NO_SETTINGS,
    temperature: "0.2",
    others: '{"model":"x","top_p":1}',
    responseFormat: "{}",
  });
  expect(requestMembers(read)).toEqual({
    temperature: 0.2,
    top_p: 1,
    response_format: { type: "json_schema", json_schema: { name: "answer", schema: {} } },
  });
});

it.each([
  ["temperature", "warm"],
  ["temperature", "2.1"],
  ["maxTokens", "0"],
  ["maxTokens", "1.5"],
  ["stop", "a\nb\nc\nd\ne"],
  ["others", "[1]"],
  ["others", "{"],
  ["others", '{"temperature": 1}'],
  ["responseFormat", "text"],
] as const)("says what is wrong with %s %j", (field, text) => {
  expect(Object.keys(readSettings({ ...NO_SETTINGS, [field]: text }).errors)).toEqual([field]);
});
