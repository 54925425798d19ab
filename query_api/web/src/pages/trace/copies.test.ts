import { expect, test } from "vitest";
import { spanJson } from "@/pages/trace/copies";

test("a span is copied to the last nanosecond, and texts that look like members stay", () => {
  const input = '{"start_time_unix_ns":1,"time_unix_ns": "2"}';
  const inner = { span_id: "b", start_time_unix_ns: 0, input, children: [] };
  const trace = JSON.stringify({ spans: [{ span_id: "a", children: [inner] }] }).replace(
    '"start_time_unix_ns":0',
    '"start_time_unix_ns":1795284608714408998',
  );
  const copied = spanJson(trace, "b") ?? "";
  expect(copied).toContain('"start_time_unix_ns": 1795284608714408998');
  expect(JSON.parse(copied).input).toBe(input);
  expect(copied).not.toContain("children");
  expect(spanJson(trace, "c")).toBeNull();
});
