import { useQuery } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { boundsOf, type Period, periodOf } from "@/api/period";
import { type Search, USUAL_CONFIDENCE } from "@/pages/compare/search";
import type { Directions } from "@/pages/compare/verdict";
import { trendsQuery } from "@/pages/models/queries";

/** The versions that an address names. */
export function modelsOf(search: Search): string[] {
  return search.models === undefined ? [] : search.models.split(",");
}

export function useComparison(search: Search) {
  const models = modelsOf(search);
  const period = periodOf({ ...search });
  const { filter, baseline, confidence = USUAL_CONFIDENCE } = search;
  return useQuery({
    queryKey: ["compare", models, baseline, period, filter, confidence],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/compare", {
          params: {
            query: {
              ...boundsOf(period),
              models,
              confidence,
              ...(baseline && { baseline }),
              ...(filter && { filter }),
            },
          },
          signal,
        }),
      ),
    enabled: models.length > 1,
    placeholderData: (before) => before,
  });
}

/** Which direction is better, as far as evaluations of these versions have said. */
export function useDirections(modelIds: string[], period: Period): Directions {
  const { data } = useQuery(trendsQuery(modelIds, period, 1));
  const told = data?.models.flatMap(({ scores }) => scores) ?? [];
  return Object.fromEntries(
    told
      .filter(({ greater_is_better }) => greater_is_better !== null)
      .map(({ name, greater_is_better }) => [name, greater_is_better]),
  );
}

/** One colour a version, in their order. */
export function colorOf(index: number): string {
  return `--series-${(index % 6) + 1}`;
}
