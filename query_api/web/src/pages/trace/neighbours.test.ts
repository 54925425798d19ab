import { expect, test } from "vitest";
import { around, beside } from "@/pages/trace/neighbours";

const trace = {
  trace_id: "t",
  name: "n",
  service_name: "s",
  latency_ms: 120.5,
  cost_usd: null,
  input_tokens: 10,
  output_tokens: 5,
  start_time: "2026-11-21T10:00:00.123456789Z",
};

test("newest first: behind is older, before is newer, within the searched period", () => {
  const search = { filter: "status = 'ERROR'", model_id: "m", end: "2026-11-21T09:00:00Z" };
  expect(around(trace, trace.start_time, search, 1)).toEqual({
    query: {
      filter: "status = 'ERROR'",
      model_id: "m",
      end: "2026-11-21T09:00:00Z",
      order_by: ["start_time DESC"],
      limit: 50,
    },
    step: 1,
  });
  expect(around(trace, trace.start_time, {}, -1).query).toEqual({
    start: "2026-11-21T10:00:00.123Z",
    order_by: ["start_time ASC"],
    limit: 50,
  });
});

test("another order goes by its value, and keeps the filter", () => {
  const search = { filter: "a = 'x' OR b = 'y'", order_by: "latency_ms DESC" };
  const { query, step } = around(trace, trace.start_time, search, 1);
  expect(query.filter).toMatch(/^\(a = 'x' OR b = 'y'\) AND latency_ms <= 120\.50000012/);
  expect([query.order_by, step]).toEqual([["latency_ms DESC"], 1]);
  expect(around(trace, trace.start_time, search, -1).query.order_by).toEqual(["latency_ms ASC"]);
});

test("without a value the first page is looked at, both ways", () => {
  const { query, step } = around(trace, trace.start_time, { order_by: "cost_usd DESC" }, -1);
  expect([query.filter, query.order_by, step]).toEqual([undefined, ["cost_usd DESC"], -1]);
});

test("beside: the one behind or before in the list", () => {
  const list = [{ trace_id: "a" }, { trace_id: "t" }, { trace_id: "b" }];
  expect(beside(list, "t", 1)).toBe("b");
  expect(beside(list, "t", -1)).toBe("a");
  expect(beside(list, "b", 1)).toBeNull();
  expect(beside(list, "gone", 1)).toBeNull();
});
