import type { Schemas } from "@/api/client";
import { type Bounds, boundsOf, type Period } from "@/api/period";
import { count, digits, duration, inUnit, UNKNOWN, usd } from "@/ui/format";

export type Finding = Schemas["Finding"];

const SCORE = "score.";
const POINTS = " points";
const NAMES: Readonly<Record<string, string>> = {
  error_rate: "error rate",
  latency_p50: "median latency",
  latency_p95: "p95 latency",
  input_tokens: "input tokens a trace",
  output_tokens: "output tokens a trace",
  cost: "cost a trace",
};

/** A metric as people say it: "p95 latency"; a score by its own name. */
export function metricName(metric: string): string {
  return metric.startsWith(SCORE) ? metric.slice(SCORE.length) : (NAMES[metric] ?? metric);
}

/** A difference with its sign, in the unit of the metric; shares in percentage points. */
export function signed(value: number, unit: string): string {
  const size = Math.abs(value);
  const sign = value > 0 ? "+" : value < 0 ? "−" : "±";
  switch (unit) {
    case "ms":
      return `${sign}${duration(size)}`;
    case "usd":
      return `${sign}${usd(size)}`;
    case "ratio":
      return `${sign}${digits(size * 100, 2)}${POINTS}`;
    case "tokens":
      return `${sign}${digits(size)} tokens`;
    default:
      return `${sign}${digits(size, 2)}`;
  }
}

/** "−0.35 to −0.14"; null where the server gives no limits. */
export function interval({ lower, upper, unit }: Finding): string | null {
  if (lower === null || upper === null) return null;
  const from = signed(lower, unit);
  return `${unit === "ratio" ? from.replace(POINTS, "") : from} to ${signed(upper, unit)}`;
}

/** A figure of a sentence: two digits are enough for a score. */
export function figure(value: number, unit: string): string {
  return unit === "score" ? digits(value, 2) : inUnit(value, unit);
}

const UNITS: Readonly<Record<string, string>> = { m: "minute", h: "hour", d: "day" };

/** "24 hours" for "24h"; "hour" for "1h". */
function lengthOf(since: string): string {
  const number = since.slice(0, -1);
  const unit = UNITS[since.slice(-1)] ?? since.slice(-1);
  return number === "1" ? unit : `${number} ${unit}s`;
}

/** "in the last 24 hours", for use after "no traces". */
export function within(period: Period): string {
  return period.since === undefined ? "in the chosen period" : `in the last ${lengthOf(period.since)}`;
}

/** "the 24 hours before", for use after "against". */
export function before(period: Period): string {
  return period.since === undefined
    ? "the period of the same length before it"
    : `the ${lengthOf(period.since)} before`;
}

/** The bounds of the period of the same length that ends where this one starts, as of now. */
export function precedingBounds(period: Period, nowMs = Date.now()): Bounds {
  const { start, end } = boundsOf(period, nowMs);
  if (start === undefined) return { end: new Date(0).toISOString() };
  const lengthMs = (end === undefined ? nowMs : Date.parse(end)) - Date.parse(start);
  return { start: new Date(Date.parse(start) - lengthMs).toISOString(), end: start };
}

/** The same end, twice as long: where a version and the one that it replaced both have traffic. */
export function doubled(period: Period): Period {
  if (period.since !== undefined)
    return { since: `${2 * Number(period.since.slice(0, -1))}${period.since.slice(-1)}` };
  return { ...period, ...(period.start && { start: precedingBounds(period).start ?? period.start }) };
}

/** "1 trace", "12 traces". */
export function traces(number: number): string {
  return number === 1 ? "1 trace" : `${count(number)} traces`;
}

const CONTEXT_CHARS = 12;

/** A long value on one line, from where it begins to differ from the other one. */
export function short(value: string | number | null, other: string | number | null, maxChars = 40): string {
  if (value === null) return UNKNOWN;
  const [line, beside] = [value, other ?? ""].map((text) => String(text).replace(/\s+/g, " ")) as [
    string,
    string,
  ];
  if (line.length <= maxChars) return line;
  let same = 0;
  while (same < line.length && line[same] === beside[same]) same += 1;
  const from = Math.min(Math.max(0, same - CONTEXT_CHARS), line.length - maxChars);
  const shown = line.slice(from, from + maxChars);
  return `${from > 0 ? "…" : ""}${shown}${from + maxChars < line.length ? "…" : ""}`;
}
