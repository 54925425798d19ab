import { describe, expect, test } from "vitest";
import { documentsOf, failureOf, timeToFirstChunkMs } from "@/pages/trace/facts";
import { span } from "@/pages/trace/spans.fixture";

test("time to first token: of the attribute in seconds, else of OpenInference's event", () => {
  expect(timeToFirstChunkMs(span("a", 0, 1))).toBeNull();
  const told = { attributes: { "gen_ai.response.time_to_first_chunk": "0.25" } };
  expect(timeToFirstChunkMs(span("a", 0, 1, told))).toBe(250);
  const event = { name: "First Token Stream Event", time_unix_ns: 1e12 + 40e6, attributes: {} };
  expect(timeToFirstChunkMs(span("a", 0, 100, { events: [event] }))).toBe(40);
});

describe("documentsOf", () => {
  test("a retriever's output, in whichever form", () => {
    const output = JSON.stringify({
      documents: [{ page_content: "one", metadata: { source: "a.md" }, score: 0.5 }, "two"],
    });
    expect(documentsOf(span("a", 0, 1, { span_type: "RETRIEVER", output }))).toEqual([
      { id: "a.md", score: 0.5, content: "one", metadata: { source: "a.md" } },
      { id: "", score: null, content: "two", metadata: {} },
    ]);
    expect(documentsOf(span("a", 0, 1, { span_type: "CHAIN", output }))).toBeNull();
    expect(documentsOf(span("a", 0, 1, { span_type: "RETRIEVER", output: "not JSON" }))).toBeNull();
  });

  test("OpenInference's attributes and OpenTelemetry's", () => {
    const attributes = {
      "retrieval.documents.1.document.content": "b",
      "retrieval.documents.0.document.content": "a",
      "retrieval.documents.0.document.id": "7",
      "retrieval.documents.0.document.score": "0.9",
      "retrieval.documents.0.document.metadata": '{"page": 3}',
    };
    expect(documentsOf(span("a", 0, 1, { attributes }))).toEqual([
      { id: "7", score: 0.9, content: "a", metadata: { page: 3 } },
      { id: "", score: null, content: "b", metadata: {} },
    ]);
    const told = { "gen_ai.retrieval.documents": '[{"id": "x", "score": 1}]' };
    expect(documentsOf(span("a", 0, 1, { attributes: told }))).toMatchObject([{ id: "x", score: 1 }]);
  });
});

test("an exception is told from other events", () => {
  const attributes = { "exception.type": "E", "exception.message": "m", "exception.stacktrace": "s" };
  expect(failureOf({ name: "exception", time_unix_ns: 0, attributes })).toEqual({
    type: "E",
    message: "m",
    stack: "s",
  });
  expect(failureOf({ name: "retry", time_unix_ns: 0, attributes: {} })).toBeNull();
});
