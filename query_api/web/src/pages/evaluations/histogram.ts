/** A bar of a distribution: the value `from`, where `to` is the same; else values from `from` on and below `to`. */
export interface Bar {
  from: number;
  to: number;
  count: number;
}

const MAX_SINGLE_VALUES = 11;
const BARS = 20;

/** Values into bars: one a value where there are few (grades, yes and no), else bars of equal width. */
export function barsOf(values: readonly number[]): Bar[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size <= MAX_SINGLE_VALUES) {
    return [...counts]
      .toSorted((a, b) => a[0] - b[0])
      .map(([value, count]) => ({ from: value, to: value, count }));
  }
  let low = Infinity;
  let high = -Infinity;
  for (const value of counts.keys()) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const width = niceWidth((high - low) / BARS);
  const place = (value: number) => Math.floor(value / width + 1e-9); // 0.15 / 0.05 is 2.9999999999999996
  const first = place(low);
  const bars = Array.from({ length: place(high) - first + 1 }, (_, index) => ({
    from: rounded((first + index) * width),
    to: rounded((first + index + 1) * width),
    count: 0,
  }));
  for (const [value, count] of counts) {
    const bar = bars[place(value) - first];
    if (bar !== undefined) bar.count += count;
  }
  return bars;
}

/** Whether a value is one of the bar's. */
export function isWithin(value: number, from: number, to: number): boolean {
  return from === to ? value === from : value >= from && value < to;
}

/** 1, 2 or 5 times a power of ten, at least as wide. */
function niceWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  return ([1, 2, 5, 10].find((times) => times * power >= width * 0.999) ?? 10) * power;
}

/** Without the noise of binary fractions: 0.1 times 3 is 0.3. */
function rounded(value: number): number {
  return Number.parseFloat(value.toPrecision(12));
}
