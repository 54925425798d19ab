import type { Schemas } from "@/api/client";
import type { Period } from "@/api/period";
import styles from "@/pages/home/home.module.css";
import { before } from "@/pages/home/wording";
import { change, count, duration, percent, usd } from "@/ui/format";

type Figures = Schemas["Figures"];

interface Tile {
  name: string;
  value: (figures: Figures) => number | null;
  shown: (value: number | null) => string;
}

function tokens({ input_tokens, output_tokens }: Figures): number | null {
  return input_tokens === null && output_tokens === null ? null : (input_tokens ?? 0) + (output_tokens ?? 0);
}

const TILES: readonly Tile[] = [
  { name: "Traces", value: (figures) => figures.trace_count, shown: count },
  { name: "Error rate", value: (figures) => figures.error_rate, shown: percent },
  { name: "p95 latency", value: (figures) => figures.latency_p95_ms, shown: duration },
  { name: "Cost", value: (figures) => figures.cost_usd, shown: usd },
  { name: "Tokens", value: tokens, shown: count },
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

/** All traffic of the period, and what it was in the period before. */
export function Totals({ totals, period }: { totals: Schemas["Totals"]; period: Period }) {
  const { current, previous } = totals;
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
              previous={previous.trace_count === 0 ? null : tile.value(previous)}
            />
          </dd>
        </div>
      ))}
    </dl>
  );
}
