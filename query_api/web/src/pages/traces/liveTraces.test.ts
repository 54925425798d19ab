import { afterEach, beforeEach, expect, test, vi } from "vitest";

const START_MS = Date.parse("2026-11-21T10:00:00Z");
let traces: { trace_id: string; start_time: string }[] = [];
const asked: URLSearchParams[] = [];

function trace(number: number) {
  return { trace_id: String(number), start_time: new Date(START_MS + number * 1_000).toISOString() };
}

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
  asked.length = 0;
  traces = [];
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal("window", { location: { origin: "http://127.0.0.1" } });
  vi.stubGlobal("fetch", async (request: Request) => {
    const query = new URL(request.url).searchParams;
    asked.push(query);
    const found = traces.filter(({ start_time }) => start_time >= (query.get("start") ?? ""));
    found.sort((a, b) => b.start_time.localeCompare(a.start_time));
    return Response.json({ traces: found.slice(0, Number(query.get("limit"))), next_page_token: null });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function started() {
  const { LiveTraces, POLL_MS } = await import("@/pages/traces/liveTraces");
  const live = new LiveTraces({ since: "24h", order_by: "latency_ms DESC" });
  const stop = live.subscribe(() => undefined);
  const poll = () => vi.advanceTimersByTimeAsync(POLL_MS);
  await vi.advanceTimersByTimeAsync(1);
  return { live, poll, stop };
}

test("new traces come on top and are told from those that were there", async () => {
  traces = [trace(1), trace(2)];
  const { live, poll, stop } = await started();
  expect([live.at(0)?.trace_id, live.freshCount]).toEqual(["2", 0]);
  traces.push(trace(100), trace(70)); // the second began earlier and ended later
  await poll();
  expect([0, 1, 2, 3].map((index) => live.at(index)?.trace_id)).toEqual(["100", "70", "2", "1"]);
  expect(live.freshCount).toBe(2);
  expect(asked.at(-1)?.get("start")).toBe(new Date(START_MS + 2_000 - 60_000).toISOString());
  stop();
});

test("nothing is asked while it is hidden, scrolled away or left", async () => {
  const { live, poll, stop } = await started();
  live.scrollTop = 40;
  await poll();
  live.scrollTop = 0;
  vi.stubGlobal("document", { hidden: true });
  await poll();
  expect(asked).toHaveLength(1);
  vi.stubGlobal("document", { hidden: false });
  await poll();
  expect(asked).toHaveLength(2);
  stop();
  await poll();
  expect(asked).toHaveLength(2);
});

test("memory is bounded, and what was left out is said", async () => {
  traces = [trace(0)];
  const { live, poll, stop } = await started();
  for (let round = 0; round < 8; round += 1) {
    traces = Array.from({ length: 300 }, (_, index) => trace(round * 1_000 + index));
    await poll();
  }
  expect([live.count, live.freshCount, live.hasGap]).toEqual([1_000, 1_000, true]);
  stop();
});
