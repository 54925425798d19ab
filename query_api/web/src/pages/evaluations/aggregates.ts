import type { Metric } from "@/pages/evaluations/rows";
import { percent, score } from "@/ui/format";

/** One number of all scores of a metric: `mean`, `p90`, or the share of a label. */
interface Aggregate {
  name: string;
  value: number;
  isShare: boolean;
}

const ORDER = ["mean", "p90", "variance"];

/** The numbers of one metric, the telling ones first. The keys are `<metric's key>/<name>`, or the key alone. */
export function aggregatesOf(metric: Metric, aggregates: Readonly<Record<string, number>>): Aggregate[] {
  const found: Aggregate[] = [];
  for (const [key, value] of Object.entries(aggregates)) {
    if (key === metric.key) found.push({ name: "all rows", value, isShare: false });
    if (!key.startsWith(`${metric.key}/`)) continue;
    const rest = key.slice(metric.key.length + 1);
    const isShare = rest.endsWith("/ratio");
    found.push({ name: isShare ? rest.slice(0, -"/ratio".length) : rest, value, isShare });
  }
  const place = ({ name, isShare, value }: Aggregate) =>
    isShare ? -value : ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length;
  return found.toSorted((a, b) => place(a) - place(b));
}

export function shown({ value, isShare }: Aggregate): string {
  return isShare ? percent(value) : score(value);
}

/** The one number that a list shows: "0.61", or "polite 60 %"; null where there is none yet. */
export function headlineOf(metric: Metric, aggregates: Readonly<Record<string, number>>): string | null {
  const first = aggregatesOf(metric, aggregates)[0];
  if (first === undefined) return null;
  return first.isShare ? `${first.name} ${shown(first)}` : shown(first);
}
