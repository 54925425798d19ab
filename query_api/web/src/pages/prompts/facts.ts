import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { answer, api } from "@/api/client";
import { type Cell, isOver, type Score } from "@/pages/prompts/cells";
import type { Grid, GridState } from "@/pages/prompts/grid";

const MAX_IDS = 100;
const ASK_EVERY_MS = 2_000;
/** The gateway sends spans every five seconds; what is not there after a minute was lost, and is not waited for. */
const WAIT_MS = 60_000;

type Facts = Map<string, Pick<Cell, "costUsd" | "scores">>;

interface Line {
  trace_id: string;
  cost_usd: number | null;
  scores: Score[];
}

/** Cost and scores of traces; those that are not recorded yet are left out. */
export async function factsOf(traceIds: readonly string[], signal?: AbortSignal): Promise<Facts> {
  const facts: Facts = new Map();
  for (let first = 0; first < traceIds.length; first += MAX_IDS) {
    const query = {
      format: "jsonl" as const,
      columns: ["trace_id", "cost_usd", "scores"],
      trace_id: traceIds.slice(first, first + MAX_IDS),
    };
    const text = await answer(api.GET("/v1/traces/export", { params: { query }, parseAs: "text", signal }));
    for (const line of String(text)
      .split("\n")
      .filter((one) => one !== "")) {
      const found = JSON.parse(line) as Line;
      facts.set(found.trace_id, { costUsd: found.cost_usd, scores: found.scores });
    }
  }
  return facts;
}

/** The traces that the cells of a grid made. */
export function tracesIn(state: GridState): string[] {
  return Object.values(state.cells).flatMap((cell) =>
    cell.traceId !== null && isOver(cell) ? [cell.traceId] : [],
  );
}

function isAwaited(cell: Cell): boolean {
  return (
    isOver(cell) && cell.traceId !== null && !cell.isRecorded && Date.now() - (cell.endedAtMs ?? 0) < WAIT_MS
  );
}

/** Fills in what the recorded traces of a grid's calls tell, as soon as they are there. */
export function useFacts(grid: Grid, state: GridState): void {
  const isAwaiting = Object.values(state.cells).some(isAwaited);
  useQuery({
    queryKey: ["prompts", "facts"],
    enabled: isAwaiting,
    refetchInterval: ASK_EVERY_MS,
    staleTime: 0,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const awaited = Object.values(grid.snapshot().cells).filter(isAwaited);
      grid.absorb(
        await factsOf(
          awaited.slice(0, MAX_IDS).map((cell) => cell.traceId ?? ""),
          signal,
        ),
      );
      return true;
    },
  });
  // Scores may have come since these answers were shown last.
  useEffect(() => {
    const controller = new AbortController();
    const known = tracesIn(grid.snapshot());
    if (known.length > 0)
      factsOf(known, controller.signal)
        .then((facts) => grid.absorb(facts))
        .catch(() => undefined); // the figures that are shown stay
    return () => controller.abort();
  }, [grid]);
}
