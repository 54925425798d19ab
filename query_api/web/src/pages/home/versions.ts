import type { Schemas } from "@/api/client";

type Trend = Schemas["Trend"];

const MAX_SCORES = 3;

/** How likely a score tells of quality: those of which more is better do, then those of which nobody said. */
function rank(greaterIsBetter: boolean | null): number {
  return greaterIsBetter === null ? 1 : greaterIsBetter ? 0 : 2;
}

/** The scores that get a column each: those that tell of quality, and among them those of most versions. */
export function commonScores(models: readonly Trend[]): string[] {
  const seen = new Map<string, { name: string; rank: number; versions: number; traces: number }>();
  for (const { scores } of models) {
    for (const { name, mean, count, greater_is_better: greater } of scores) {
      if (mean === null) continue;
      const one = seen.get(name) ?? { name, rank: rank(greater), versions: 0, traces: 0 };
      seen.set(name, { ...one, versions: one.versions + 1, traces: one.traces + count });
    }
  }
  return [...seen.values()]
    .sort((a, b) => a.rank - b.rank || b.versions - a.versions || b.traces - a.traces)
    .slice(0, MAX_SCORES)
    .map((one) => one.name);
}
