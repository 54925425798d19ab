import { duration } from "@/ui/format";

/** The part of a trace's time that is looked at, in milliseconds after its start. */
export interface View {
  fromMs: number;
  toMs: number;
}

const UNITS_MS = [1, 1_000, 60_000, 3_600_000, 86_400_000] as const;
const STEPS: Readonly<Record<number, readonly number[]>> = {
  1: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  1000: [1, 2, 5, 10, 15, 30],
  60000: [1, 2, 5, 10, 15, 30],
  3600000: [1, 2, 3, 6, 12],
  86400000: [1, 2, 7, 30, 90, 365],
};
const MIN_VIEW_MS = 1e-3;

/** A step between ticks that people can count in: of at least `leastMs`. */
export function niceStep(leastMs: number): number {
  if (leastMs <= 1) {
    const power = 10 ** Math.floor(Math.log10(leastMs));
    return power * ([1, 2, 5, 10].find((step) => step * power >= leastMs * 0.999) ?? 10);
  }
  for (const unit of UNITS_MS)
    for (const step of STEPS[unit] ?? []) if (step * unit >= leastMs) return step * unit;
  return leastMs;
}

/** A point on the axis: where, as a share of the view, and what it says. */
interface Tick {
  share: number;
  text: string;
}

/** A duration in round numbers: "30 min" where that is exact. */
function round(ms: number): string {
  return duration(ms).replace(/ 0 (s|min)$/, "");
}

/** Ticks with their texts. Where those would all be the same, deep within a long trace, from the view's start on. */
export function axisOf(view: View, count: number): Tick[] {
  const lengthMs = view.toMs - view.fromMs || 1;
  const shown = ticks(view, count);
  const texts = shown.map(round);
  if (new Set(texts).size === texts.length)
    return shown.map((ms, at) => ({ share: (ms - view.fromMs) / lengthMs, text: texts[at] ?? "" }));
  return ticks({ fromMs: 0, toMs: lengthMs }, count).map((ms) => ({
    share: ms / lengthMs,
    text: ms === 0 ? round(view.fromMs) : `+${round(ms)}`,
  }));
}

/** Where ticks are, about `count` of them. */
export function ticks({ fromMs, toMs }: View, count: number): number[] {
  const spanMs = toMs - fromMs;
  if (!(spanMs > 0)) return [fromMs];
  const step = niceStep(spanMs / Math.max(1, count));
  const found: number[] = [];
  for (let number = Math.ceil(fromMs / step - 1e-6); number * step <= toMs && found.length < 100; number++)
    found.push(number * step + 0); // no -0
  return found;
}

/** A view within the trace, not shorter than a microsecond. */
export function bounded({ fromMs, toMs }: View, durationMs: number): View {
  const lengthMs = Math.min(durationMs, Math.max(MIN_VIEW_MS, toMs - fromMs));
  const from = Math.max(0, Math.min(fromMs, durationMs - lengthMs));
  return { fromMs: from, toMs: from + lengthMs };
}

/** Look closer (`factor` < 1) or wider at what is at `atMs`. */
export function zoomed({ fromMs, toMs }: View, factor: number, atMs: number, durationMs: number): View {
  return bounded(
    { fromMs: atMs - (atMs - fromMs) * factor, toMs: atMs + (toMs - atMs) * factor },
    durationMs,
  );
}

/** Where a stretch of time lies in a view: shares of its width, cut at its edges; null: out of sight. */
export function placed(startMs: number, endMs: number, { fromMs, toMs }: View): [number, number] | null {
  if (endMs < fromMs || startMs > toMs) return null;
  const lengthMs = toMs - fromMs || 1;
  return [Math.max(0, (startMs - fromMs) / lengthMs), Math.min(1, (endMs - fromMs) / lengthMs)];
}
