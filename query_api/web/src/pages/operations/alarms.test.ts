import { expect, test } from "vitest";
import { alarms } from "@/pages/operations/alarms";
import { lastHour } from "@/pages/operations/ingest";
import type { CollectorFigures, Operations } from "@/pages/operations/queries";

const GB = 1e9;
const NOTHING = { traces: 0, logs: 0 };

const FIGURES: CollectorFigures = {
  accepted_records: NOTHING,
  accepted_bytes: NOTHING,
  rejected_records: NOTHING,
  refused_requests: [],
  repeated_requests: NOTHING,
  written_requests: NOTHING,
  written_bytes: NOTHING,
  spooled_requests: NOTHING,
  spooled_bytes: NOTHING,
  dead_lettered_requests: NOTHING,
  held_bytes: NOTHING,
  spool_bytes: NOTHING,
  inserts: [],
  price_list_time: null,
};

function state(figures: Partial<CollectorFigures> | null, changed: Partial<Operations> = {}): Operations {
  return {
    version: "0.1.0",
    database: {
      engine: "chDB",
      version: "26.9",
      is_embedded: true,
      disk_free_bytes: 60 * GB,
      disk_total_bytes: 270 * GB,
      tables: [],
    },
    ingest: { bucket_ns: 60e9, buckets: [], last_received_time: null },
    collector: {
      reachable: figures !== null,
      reason: figures === null ? "refused" : null,
      endpoint: "http://127.0.0.1:4318",
      figures: figures === null ? null : { ...FIGURES, ...figures },
    },
    evaluations: {
      running: 0,
      waiting: 0,
      max_running: 2,
      max_waiting: 50,
      monitors_active: 0,
      monitors_paused: 0,
      monitors_failing: 0,
      monitor_process_running: false,
    },
    access: { bind_host: "127.0.0.1", loopback_only: true, api_keys: false, provider_keys: [] },
    gateway: null,
    ...changed,
  };
}

const levels = (now: Operations, first: Operations | null = null) =>
  alarms(now, first).map(({ level, what }) => `${level}: ${what}`);

test("a server that is well says nothing", () => {
  expect(levels(state({}), state({}))).toEqual([]);
});

test("a spool is watched, and bad while it grows", () => {
  const some = state({ spool_bytes: { traces: 2e6, logs: 0 } });
  const more = state({ spool_bytes: { traces: 3e6, logs: 0 } });
  expect(levels(some, some)).toEqual(["watch: 2 MB wait on the spool to be replayed."]);
  expect(levels(more, some)).toEqual(["bad: 3 MB wait on the spool, and it grows."]);
});

test("refusals count from when the page was opened, dead letters from ever", () => {
  const before = state({ refused_requests: [{ signal: "traces", reason: "overloaded", count: 5 }] });
  const after = state({
    refused_requests: [{ signal: "traces", reason: "overloaded", count: 7 }],
    dead_lettered_requests: { traces: 1, logs: 0 },
  });
  expect(levels(before, before)).toEqual([]);
  expect(levels(after, before)).toEqual([
    "bad: The database refused 1 requests for good: they are dead letters.",
    "bad: 2 requests were refused since you opened this page: there was no room for them.",
  ]);
});

test("what is bad goes before what is to be watched: no collector, a disk that fills, an open door", () => {
  const database = { ...state({}).database, disk_free_bytes: 4 * GB };
  const access = {
    bind_host: "0.0.0.0",
    loopback_only: false,
    api_keys: false,
    provider_keys: [{ endpoint: "chat", provider: "openai", is_set: false }],
  };
  expect(alarms(state(null, { database, access }), null).map((alarm) => alarm.what)).toEqual([
    "The collector at http://127.0.0.1:4318 does not answer: refused.",
    "The server listens on 0.0.0.0, and asks for no key: whoever reaches it reads everything.",
    "No key is set for chat (openai).",
    "The disk is filling: 4 GB of 270 GB are free (1.48 %).",
  ]);
});

test("minutes without spans are shown as such", () => {
  const nowMs = 1_000_000 * 60_000 + 30_000;
  const bucket = { start_time_unix_ns: 999_998 * 60e9, span_count: 7, lag_p50_ms: 1, lag_p95_ms: 9 };
  const [times, spans, lags] = lastHour(
    { bucket_ns: 60e9, buckets: [bucket], last_received_time: null },
    nowMs,
  );
  expect([times.length, times.at(-1)]).toEqual([60, 1_000_000 * 60]);
  expect([spans.slice(-3), lags.slice(-3)]).toEqual([
    [7, 0, 0],
    [9, null, null],
  ]);
});
