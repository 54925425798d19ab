import type { Schemas } from "@/api/client";
import { change, digits, inUnit } from "@/ui/format";

export type Metric = Schemas["Metric"];
export type Comparison = Schemas["Comparison"];
export type Compared = Schemas["ComparedModel"];

type Word =
  | "better"
  | "worse"
  | "higher"
  | "lower"
  | "no clear difference"
  | "too little data"
  | "not measured";

/** Whether more is better, by the name of a score; null or not there: nobody said. */
export type Directions = Readonly<Record<string, boolean | null>>;

const LESS_IS_BETTER = /^(error_rate|latency_\w+|cost)$/;

/** Whether more of a metric is better; null: that is not known. */
export function greaterIsBetter(metric: string, scores: Directions): boolean | null {
  if (LESS_IS_BETTER.test(metric)) return false;
  return metric.startsWith("score.") ? (scores[metric.slice("score.".length)] ?? null) : null;
}

/** What can be said of a metric's difference from the baseline. */
export function verdictOf(metric: Metric, scores: Directions): Word {
  const { difference } = metric;
  if (difference === null || difference.absolute.value === null) return "not measured";
  const { value, lower, upper } = difference.absolute;
  if (difference.significant) {
    const isBetter = greaterIsBetter(metric.metric, scores);
    if (isBetter === null) return value > 0 ? "higher" : "lower";
    return value > 0 === isBetter ? "better" : "worse";
  }
  return lower === null || upper === null ? "too little data" : "no clear difference";
}

/** A metric's name in words. */
export function nameOf(metric: string): string {
  const latency = /^latency_(mean|p\d+)$/.exec(metric);
  if (latency) return `Latency, ${latency[1]}`;
  if (metric.startsWith("score.")) return metric.slice("score.".length);
  return (metric.charAt(0).toUpperCase() + metric.slice(1)).replaceAll("_", " ");
}

/** What a dot and its whiskers show: the change, and its limits, as shares or in the metric's unit. */
export interface Drawn {
  value: number;
  lower: number | null;
  upper: number | null;
  isRelative: boolean;
}

/** The difference as it is drawn: relative where that is defined, else absolute. */
export function drawnOf({ difference, unit }: Metric): Drawn | null {
  if (difference === null) return null;
  // Shares are compared in points: 1 % to 2 % is one point, and "+100 %" of it would alarm nobody rightly.
  const isRelative = unit !== "ratio" && difference.relative !== null && difference.relative.value !== null;
  const { value, lower, upper } = (isRelative ? difference.relative : null) ?? difference.absolute;
  return value === null ? null : { value, lower, upper, isRelative };
}

function limit(value: number | null, unit: string | null, isRelative: boolean): string {
  if (value === null) return "?";
  if (isRelative) return change(value);
  const sign = value > 0 ? "+" : value < 0 ? "−" : "±";
  if (unit === "ratio") return `${sign}${digits(Math.abs(value) * 100, 2)} points`;
  return `${sign}${inUnit(Math.abs(value), unit)}`;
}

/** A difference in words, such as "+12 % (+3.1 % to +20 %)". */
export function differenceText(drawn: Drawn, unit: string | null): string {
  const of = (value: number | null) => limit(value, unit, drawn.isRelative);
  return `${of(drawn.value)} (${of(drawn.lower)} to ${of(drawn.upper)})`;
}

/** An estimate with its interval. */
export function estimateText({ estimate, unit }: Metric): string {
  if (estimate === null) return "–";
  const of = (value: number | null) => (value === null ? "?" : inUnit(value, unit));
  return `${of(estimate.lower)} to ${of(estimate.upper)}`;
}

/** How far from the baseline the axis of a metric reaches, to each side; the same for all versions. */
export function reachOf(drawn: readonly (Drawn | null)[]): number {
  const sizes = drawn.flatMap((one) =>
    one === null ? [] : [one.value, one.lower ?? 0, one.upper ?? 0].map(Math.abs),
  );
  const most = Math.max(0, ...sizes.filter(Number.isFinite));
  return most === 0 ? 1 : most * 1.1;
}

/** What got better, and what worse, of one version, in words. */
export function summaryOf(model: Compared, scores: Directions): { word: Word; metrics: string[] }[] {
  const found = new Map<Word, string[]>();
  for (const metric of model.metrics) {
    const word = verdictOf(metric, scores);
    const drawn = drawnOf(metric);
    const size = drawn === null ? "" : ` ${limit(drawn.value, metric.unit, drawn.isRelative)}`;
    found.set(word, [...(found.get(word) ?? []), `${nameOf(metric.metric)}${size}`]);
  }
  const order: Word[] = ["worse", "better", "higher", "lower"];
  return order.flatMap((word) => {
    const metrics = found.get(word);
    return metrics === undefined ? [] : [{ word, metrics }];
  });
}

/** A word that a shell reads as it stands. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

interface Asked {
  models: readonly string[];
  baseline?: string | undefined;
  since?: string | undefined;
  start?: string | undefined;
  end?: string | undefined;
  filter?: string | undefined;
  confidence?: number | undefined;
}

/** The command that says the same in a terminal. */
export function commandOf(asked: Asked): string {
  const options: [string, string | undefined][] = [
    ["--baseline", asked.baseline],
    ["--since", asked.since ?? asked.start],
    ["--until", asked.end],
    ["--filter", asked.filter],
    ["--confidence", asked.confidence?.toString()],
  ];
  const said = options.flatMap(([name, value]) => (value ? [name, quoted(value)] : []));
  return ["spanfold models compare", ...asked.models.map(quoted), ...said].join(" ");
}
