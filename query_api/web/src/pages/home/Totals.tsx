import type { Schemas } from "@/api/client";
import type { Period } from "@/api/period";
import styles from "@/pages/home/home.module.css";
import { before } from "@/pages/home/wording";
import { change, count, duration, percent, shareOf, usd } from "@/ui/format";

/** What some traffic came to. */
interface Sums {
  traces: number;
  errors: number;
  p95_ms: number | null;
  cost_usd: number | null;
  tokens: number | null;
}

interface Tile {
  name: string;
  value: (sums: Sums) => number | null;
  shown: (value: number | null) => string;
}

function tokens({ input_tokens, output_tokens }: Schemas["Figures"]): number | null {
  return input_tokens === null && output_tokens === null ? null : (input_tokens ?? 0) + (output_tokens ?? 0);
}

const TILES: readonly Tile[] = [
  { name: "Traces", value: (sums) => sums.traces, shown: count },
  { name: "Error rate", value: (sums) => shareOf(sums.errors, sums.traces), shown: percent },
  { name: "p95 latency", value: (sums) => sums.p95_ms, shown: duration },
  { name: "Cost", value: (sums) => sums.cost_usd, shown: usd },
  { name: "Tokens", value: (sums) => sums.tokens, shown: count },
];

function Was({ tile, current, previous }: { tile: Tile; current: number | null; previous: number | null }) {
  if (previous === null) return <>nothing before</>;
  const relative = current === null || previous === 0 ? null : (current - previous) / previous;
  return (
    <>
      was {tile.shown(previous)}
      {relative !== null && ` (${change(relative)})`}
    </>
  );
}

function sumsOf(figures: Schemas["Figures"]): Sums {
  return {
    traces: figures.trace_count,
    errors: figures.error_count,
    p95_ms: figures.latency_p95_ms,
    cost_usd: figures.cost_usd,
    tokens: tokens(figures),
  };
}

/** All traffic of the period, and what it was in the period before. */
export function Totals({ totals, period }: { totals: Schemas["Totals"]; period: Period }) {
  const [current, previous] = [sumsOf(totals.current), sumsOf(totals.previous)];
  return (
    <dl className={styles.totals} aria-label={`All traffic against ${before(period)}`}>
      {TILES.map((tile) => (
        <div key={tile.name} className={styles.tile}>
          <dt>{tile.name}</dt>
          <dd className={styles.big}>{tile.shown(tile.value(current))}</dd>
          <dd className="muted">
            <Was
              tile={tile}
              current={tile.value(current)}
              previous={previous.traces === 0 ? null : tile.value(previous)}
            />
          </dd>
        </div>
      ))}
    </dl>
  );
}
