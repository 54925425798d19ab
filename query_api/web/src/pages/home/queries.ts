import { keepPreviousData, queryOptions, usePrefetchQuery } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { boundsOf, type Period } from "@/api/period";

const FIRST_TRACE_MS = 2_000;
const NEWEST_MS = 10_000;
const CHANGES_MS = 60_000;
const REGRESSIONS_MS = 300_000;
const SHOWN_TRACES = 6;
const SHOWN_VERSIONS = 12;
const TREND_BUCKETS = 48;

/**
 * The newest trace of all; until there is one it is asked for every 2 s (not while the page is hidden), and what an
 * empty server said otherwise is forgotten: the first trace makes all of it wrong.
 */
export function newestTrace() {
  return queryOptions({
    queryKey: ["home", "newest trace"],
    queryFn: async ({ client, queryKey, signal }) => {
      const found = await answer(api.GET("/v1/traces", { params: { query: { limit: 1 } }, signal }));
      const newest = found.traces[0] ?? null;
      if (newest === null)
        client.removeQueries({
          predicate: (query) => query.queryKey[0] === "home" && query.queryKey[1] !== queryKey[1],
        });
      return newest;
    },
    refetchInterval: ({ state }) => (state.data === null ? FIRST_TRACE_MS : NEWEST_MS),
  });
}

/** The newest traces of the period, or those among them that match. */
export function newestTraces(period: Period, filter?: string) {
  return queryOptions({
    queryKey: ["home", "newest traces", period, filter],
    queryFn: async ({ signal }) => {
      const query = { ...boundsOf(period), limit: SHOWN_TRACES, ...(filter && { filter }) };
      return (await answer(api.GET("/v1/traces", { params: { query }, signal }))).traces;
    },
    refetchInterval: NEWEST_MS,
    placeholderData: keepPreviousData,
  });
}

export function changes(period: Period) {
  return queryOptions({
    queryKey: ["home", "changes", period],
    queryFn: ({ signal }) => answer(api.GET("/v1/changes", { params: { query: boundsOf(period) }, signal })),
    refetchInterval: ({ state }) => (state.data?.totals.current.trace_count === 0 ? NEWEST_MS : CHANGES_MS), // something may come in again
  });
}

export function trends(period: Period) {
  return queryOptions({
    queryKey: ["home", "trends", period],
    queryFn: ({ signal }) => {
      const query = {
        ...boundsOf(period),
        end: period.end ?? new Date().toISOString(),
        buckets: TREND_BUCKETS,
        limit: SHOWN_VERSIONS,
      };
      return answer(api.GET("/v1/models/trends", { params: { query }, signal }));
    },
    refetchInterval: CHANGES_MS,
  });
}

export function regressions(period: Period) {
  return queryOptions({
    queryKey: ["home", "regressions", period],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/regressions", { params: { query: boundsOf(period) }, signal })),
    refetchInterval: REGRESSIONS_MS,
  });
}

/** What differs between two versions: what somebody changed on purpose. */
export function diff(baselineId: string, modelId: string) {
  return queryOptions({
    queryKey: ["home", "diff", baselineId, modelId],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/diff", { params: { query: { a: baselineId, b: modelId } }, signal })),
    enabled: baselineId !== modelId,
  });
}

/** Asks for all of the page at once, whatever will be shown of it: one wait instead of one behind the other. */
export function useHead(period: Period): void {
  usePrefetchQuery(changes(period));
  usePrefetchQuery(regressions(period));
  usePrefetchQuery(trends(period));
}
