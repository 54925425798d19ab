import type { Schemas } from "@/api/client";

/** Traces that `/v1/traces/scatter` always has, however many there are: the slowest. */
const SLOWEST = 100;

/** A latency and the share of all traces that took at most so long. */
interface Step {
  ms: number;
  share: number;
}

/**
 * The distribution of all traces from the points of a scatter.
 *
 * The slowest hundred stand for themselves; of the others each stands for as many as the sample left out.
 */
export function distributionOf({ trace_count, points }: Schemas["TraceScatter"]): Step[] {
  const sorted = points.latency_ms.toSorted((a, b) => a - b);
  const slow = Math.min(SLOWEST, sorted.length);
  const sampled = sorted.length - slow;
  const each = sampled > 0 ? Math.max(1, (trace_count - slow) / sampled) : 1;
  const whole = sampled * each + slow;
  let below = 0;
  return sorted.map((ms, index) => {
    below += index < sampled ? each : 1;
    return { ms, share: below / whole };
  });
}

/** Latencies from the least to the most of all, evenly on a logarithmic axis. */
export function gridOf(distributions: readonly (readonly Step[])[], places: number): number[] {
  const ends = distributions
    .flatMap((steps) => [steps[0]?.ms, steps.at(-1)?.ms])
    .filter((ms) => ms !== undefined);
  const least = Math.max(0.001, Math.min(...ends));
  const most = Math.max(least * 1.1, ...ends);
  if (ends.length === 0) return [];
  return Array.from({ length: places }, (_, at) => least * (most / least) ** (at / (places - 1)));
}

/** The share of traces up to each latency of a grid. */
export function sharesAt(steps: readonly Step[], grid: readonly number[]): number[] {
  let at = 0;
  let share = 0;
  return grid.map((ms) => {
    // A rounding of the last place must not leave the slowest trace out.
    for (; at < steps.length && (steps[at]?.ms ?? 0) <= ms * (1 + 1e-9); at++)
      share = steps[at]?.share ?? share;
    return share;
  });
}
