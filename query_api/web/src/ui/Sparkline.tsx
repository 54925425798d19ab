interface Props {
  /** From left to right; null is a gap. */
  values: readonly (number | null)[];
  /** Says what the line shows, to those who do not see it. */
  label: string;
  widthPx?: number;
  heightPx?: number;
  color?: string;
  /** Lowest and highest value of the scale; by default, those of the values with zero. */
  range?: readonly [number, number];
}

/** The path of the line: a new one after each gap; a lone value becomes a dot. */
export function pathOf(
  values: readonly (number | null)[],
  [low, high]: readonly [number, number],
  width: number,
  height: number,
): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const scale = high > low ? height / (high - low) : 0;
  let path = "";
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const point = `${(index * step).toFixed(1)} ${(height - (value - low) * scale).toFixed(1)}`;
    const isLone = !isDrawing && (values[index + 1] ?? null) === null;
    path += `${isDrawing ? "L" : "M"}${point}${isLone ? "h0.01" : ""}`;
    isDrawing = true;
  });
  return path;
}

/** A course of values as a word-sized line. */
export function Sparkline({
  values,
  label,
  widthPx = 96,
  heightPx = 24,
  color = "var(--series-1)",
  range,
}: Props) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return <span className="muted">–</span>;
  const isLone = known.length === 1;
  const path = pathOf(
    values,
    range ?? [Math.min(0, ...known), Math.max(...known)],
    widthPx - 4,
    heightPx - 4,
  );
  return (
    <svg
      role="img"
      aria-label={label}
      width={widthPx}
      height={heightPx}
      viewBox={`-2 -2 ${widthPx} ${heightPx}`}
    >
      <title>{label}</title>
      <path
        d={path}
        fill="none"
        stroke={color}
        strokeWidth={isLone ? 4 : 1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
