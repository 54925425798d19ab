import { beforeEach, expect, test, vi } from "vitest";

beforeEach(() => vi.stubGlobal("window", { location: { origin: "http://127.0.0.1" } }));

test("recorded text can neither break a CSV row nor become a formula", async () => {
  const { csvOf } = await import("@/pages/traces/exporting");
  const [, row] = csvOf([{ name: '=HYPERLINK("x")', input: "a,b\nc", latency_ms: -1.5, output: null }]).split(
    "\r\n",
  );
  expect(row).toBe(`,,"'=HYPERLINK(""x"")",,,,,-1.5,,,,,,"a,b\nc",`);
});

test("the program for Python finds the same traces, whatever the filter holds", async () => {
  const { pythonOf } = await import("@/pages/traces/exporting");
  const asked = {
    filter: `input ILIKE '%"quoted"%'`,
    start: "2026-11-21T00:00:00Z",
    order_by: "cost_usd DESC",
  };
  const program = pythonOf(asked, [], "http://localhost:4319");
  expect(program).toContain(String.raw`filter_string="input ILIKE '%\"quoted\"%'",`);
  expect(program).toContain('order_by=["cost_usd DESC"],');
  expect(pythonOf(asked, ["ab", "cd"], "")).toContain(`filter_string="trace_id IN ('ab', 'cd')",`);
});

test("an export asks for what the list shows", async () => {
  const { exportUrl } = await import("@/pages/traces/exporting");
  const asked = { filter: "a = 'b&c'", start: "2026-11-21T00:00:00Z", order_by: "cost_usd DESC" };
  expect(exportUrl(asked, ["ab"], { format: "jsonl" })).toBe(
    "/v1/traces/export?format=jsonl&start=2026-11-21T00%3A00%3A00Z&filter=a+%3D+%27b%26c%27&trace_id=ab",
  );
});
