import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Row, rowsOf } from "@/pages/evaluations/rows";
import { readScores } from "@/pages/evaluations/scoreStream";

const REFRESH_MS = 3_000;
/** Reading the scores may take this part of the time while they still come in. */
const SHARE = 0.1;

interface FoundRows {
  rows: Row[];
  /** Whether there are more than the page took. */
  isCut: boolean;
  isPending: boolean;
  /** Whether the last scores are still being read, and those of before show. */
  isBehind: boolean;
  error: Error | null;
  retry: () => void;
}

/**
 * The rows of an evaluation, or of a monitor.
 *
 * @param isGrowing whether more come in: then they are read again every few seconds, the more seldom the longer
 *   reading takes, and once more at the end.
 */
export function useScores(evaluationId: string, names: readonly string[], isGrowing: boolean): FoundRows {
  const found = useQuery({
    queryKey: ["scores", evaluationId, names, isGrowing],
    queryFn: async ({ signal }) => {
      const startedMs = performance.now();
      const read = await readScores(evaluationId, names, signal);
      return { rows: rowsOf(read.scores), isCut: read.isCut, tookMs: performance.now() - startedMs };
    },
    enabled: names.length > 0,
    placeholderData: (before, query) => (query?.queryKey[1] === evaluationId ? before : undefined),
    structuralSharing: false, // ten thousands of objects would be compared
    staleTime: isGrowing ? 0 : Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) =>
      isGrowing ? Math.max(REFRESH_MS, (state.data?.tookMs ?? 0) / SHARE) : false,
  });
  return useMemo(
    () => ({
      rows: found.data?.rows ?? [],
      isCut: found.data?.isCut ?? false,
      isPending: found.isPending && names.length > 0,
      isBehind: found.isPlaceholderData,
      error: found.error,
      retry: () => void found.refetch(),
    }),
    [found.data, found.isPending, found.isPlaceholderData, found.error, found.refetch, names.length],
  );
}
