import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";
import { boundsOf, type Period } from "@/api/period";
import type { Order } from "@/pages/models/search";
import { filterOf, orderBy } from "@/pages/models/versions";

const PAGE_VERSIONS = 50;
export const BUCKETS = 40;

/** Pages of versions, whether they have traffic or not. */
export function useModels(filter: string, order: Order) {
  const asked = { filter: filterOf(filter), order_by: orderBy(order) };
  return useInfiniteQuery({
    queryKey: ["models", "list", asked],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/v1/models", {
          params: {
            query: {
              limit: PAGE_VERSIONS,
              ...(asked.filter && { filter: asked.filter }),
              ...(asked.order_by.length > 0 && { order_by: asked.order_by }),
              ...(pageParam && { page_token: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    placeholderData: (before) => before,
  });
}

/** What to ask of how versions did. */
export function trendsQuery(modelIds: string[], period: Period, buckets = BUCKETS) {
  return {
    queryKey: ["models", "trends", modelIds, period, buckets] as const,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      answer(
        api.GET("/v1/models/trends", {
          params: { query: { ...boundsOf(period), model_id: modelIds, buckets, limit: 100 } },
          signal,
        }),
      ),
    enabled: modelIds.length > 0,
  };
}

/** How the versions of each page did. All pages have the same period, if not to the second. */
export function useTrends(pages: readonly Schemas["ModelPage"][], period: Period) {
  return useQueries({
    queries: pages.map((page) => ({
      ...trendsQuery(
        page.models.map(({ model_id }) => model_id),
        period,
      ),
      placeholderData: (before: Schemas["Trends"] | undefined) => before,
    })),
    combine: (found) => ({
      trends: found.flatMap(({ data }) => data?.models ?? []),
      /** By model ID, since pages that are asked for later end later. */
      spans: new Map(found.flatMap(({ data }) => data?.models.map(({ model_id }) => [model_id, data]) ?? [])),
      error: found.find(({ error }) => error !== null)?.error ?? null,
      isPending: found.some(({ isPending }) => isPending),
      refetch: () => {
        for (const one of found) void one.refetch();
      },
    }),
  });
}
