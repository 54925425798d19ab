import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { answer, api } from "@/api/client";
import { around, beside, entryTime } from "@/pages/trace/neighbours";
import type { Search } from "@/pages/trace/search";
import type { Tree } from "@/pages/trace/tree";

/** A trace of many spans takes tens of megabytes: it is let go soon after it was left. */
const KEPT_MS = 60_000;
const LOG_LIMIT = 5_000;

export function useTrace(traceId: string) {
  return useQuery({
    queryKey: ["trace", traceId],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/traces/{trace_id}", { params: { path: { trace_id: traceId } }, signal })),
    gcTime: KEPT_MS,
    staleTime: KEPT_MS,
    structuralSharing: false, // to compare two answers member by member takes longer than to draw them
  });
}

export function useLogs(traceId: string) {
  return useQuery({
    queryKey: ["trace-logs", traceId],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/traces/{trace_id}/logs", {
          params: { path: { trace_id: traceId }, query: { limit: LOG_LIMIT } },
          signal,
        }),
      ),
    gcTime: KEPT_MS,
  });
}

/** Right answers that people recorded, as JSON texts by their names. */
export function useExpectations(traceId: string) {
  return useQuery({
    queryKey: ["trace-expectations", traceId],
    queryFn: async ({ signal }) => {
      const text: unknown = await answer(
        api.GET("/v1/traces/export", {
          params: { query: { trace_id: [traceId], columns: ["expectations"], format: "jsonl" } },
          parseAs: "text",
          signal,
        }),
      );
      const row: unknown = JSON.parse(String(text).split("\n", 1)[0] || "{}");
      return (row as { expectations?: Record<string, string> }).expectations ?? {};
    },
  });
}

export function useModelName(modelId: string) {
  return useQuery({
    queryKey: ["model", modelId],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/models/{model_id}", { params: { path: { model_id: modelId } }, signal })),
    enabled: modelId !== "",
    retry: false,
    select: (model) => model.name,
  }).data;
}

/** The ID of the trace behind (1) or before (-1) this one in the result list; null: none, undefined: not known yet. */
export function useNeighbour(trace: Schemas["TraceDetail"], tree: Tree, search: Search, step: 1 | -1) {
  const { filter, model_id, order_by, since, start, end } = search;
  return useQuery({
    queryKey: ["trace-neighbour", trace.trace_id, step, filter, model_id, order_by, since, start, end],
    queryFn: async ({ signal }) => {
      const question = around(trace, entryTime(trace, tree), search, step);
      const page = await answer(api.GET("/v1/traces", { params: { query: question.query }, signal }));
      return beside(page.traces, trace.trace_id, question.step);
    },
    staleTime: KEPT_MS,
  }).data;
}
