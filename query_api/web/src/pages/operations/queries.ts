import { queryOptions } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";

export type Operations = Schemas["Operations"];
export type CollectorFigures = Schemas["CollectorFigures"];

const REFRESH_MS = 5_000;

/** How the server is doing; asked anew every 5 s, not while the page is hidden. */
export const operations = queryOptions({
  queryKey: ["operations"],
  queryFn: ({ signal }) => answer(api.GET("/v1/operations", { signal })),
  refetchInterval: REFRESH_MS,
  staleTime: REFRESH_MS,
});
