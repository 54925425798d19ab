import { afterEach, beforeEach, expect, test, vi } from "vitest";

const asked: string[] = [];

let handle: (request: Request) => Promise<Response>;

/** A server with a listing of any length: traces are named by their number. */
function serve(total: number) {
  return async (request: Request) => {
    const query = new URL(request.url).searchParams;
    asked.push(request.url);
    const from = Number(query.get("page_token") ?? 0);
    const to = Math.min(total, from + Number(query.get("limit")));
    const traces = Array.from({ length: to - from }, (_, index) => ({ trace_id: String(from + index) }));
    return Response.json({ traces, next_page_token: to < total ? String(to) : null });
  };
}

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", (request: Request) => handle(request));
  vi.stubGlobal("window", { location: { origin: "http://127.0.0.1" } });
});
afterEach(() => vi.unstubAllGlobals());

async function listed(server: typeof handle) {
  handle = server;
  const { TraceList } = await import("@/pages/traces/traceList");
  const list = new TraceList({ since: "1h" });
  list.subscribe(() => undefined);
  const show = async (first: number, last: number) => {
    list.show(first, last);
    await vi.waitFor(() => expect(list.isLoading).toBe(false), { interval: 1 });
  };
  return { list, show };
}

test("what is in sight is fetched, and what is far away is let go and fetched anew", async () => {
  const { list, show } = await listed(serve(20_000));
  await show(0, 30);
  expect([list.count, list.at(30)?.trace_id, list.isMore]).toEqual([100, "30", true]);
  while (list.isMore) await show(list.count - 20, list.count - 1);
  expect([list.count, list.at(19_999)?.trace_id, list.at(0)]).toEqual([20_000, "19999", undefined]);
  const before = asked.length;
  await show(0, 30);
  expect([list.at(0)?.trace_id, asked.length - before]).toEqual(["0", 1]);
});

test("the bounds of a period back from now are those of the first request for all pages", async () => {
  const { show } = await listed(serve(1_000));
  await show(0, 30);
  await show(80, 99);
  await show(280, 299);
  const starts = asked.map((url) => new URL(url).searchParams.get("start"));
  expect(asked.length).toBeGreaterThan(2);
  expect(new Set(starts).size).toBe(1);
});

test("an empty listing has no more", async () => {
  const { list, show } = await listed(serve(0));
  await show(0, 30);
  expect([list.count, list.isMore, asked.length]).toEqual([0, false, 1]);
});

test("an error is kept until somebody tries again", async () => {
  const { list, show } = await listed(() => Promise.reject(new TypeError("refused")));
  await show(0, 30);
  expect(list.error?.name).toBe("LostServerError");
  handle = serve(10);
  list.retry();
  await vi.waitFor(() => expect(list.count).toBe(10));
  expect(list.error).toBeNull();
});

test("a list that was refreshed stays so for those who come back to it", async () => {
  const { forget, listOf } = await import("@/pages/traces/traceList");
  const first = listOf({ since: "1h" });
  expect(listOf({ since: "1h" })).toBe(first);
  forget({ since: "1h" });
  const second = listOf({ since: "1h" });
  expect(second).not.toBe(first);
  expect(listOf({ since: "1h" })).toBe(second);
});
