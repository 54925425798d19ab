import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useShownTheme } from "@/app/theme";
import styles from "@/ui/Chart.module.css";

interface Props {
  /** Says what is shown, to those who do not see it. */
  label: string;
  data: uPlot.AlignedData;
  /** The chart's options without its size, for the colours in force; keep it stable (`useCallback`). */
  options: (color: (variable: string) => string) => Omit<uPlot.Options, "width" | "height">;
  heightPx: number;
}

/** A chart as wide as its place. It is made anew when its options or the theme change, not when its data do. */
export function Chart({ label, data, options, heightPx }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  const theme = useShownTheme();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme decides what the colours are
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const computed = getComputedStyle(document.documentElement);
    const color = (variable: string) => computed.getPropertyValue(variable).trim();
    const size = () => ({ width: Math.max(80, element.clientWidth), height: heightPx });
    const made = new uPlot({ ...options(color), ...size() }, latest.current, element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [options, heightPx, theme]);

  useEffect(() => chart.current?.setData(data), [data]);

  return (
    <div ref={place} role="img" aria-label={label} className={styles.chart} style={{ height: heightPx }} />
  );
}

/** Axes in the theme's colours: time below, values at the left. */
export function axes(color: (variable: string) => string, value: (value: number) => string): uPlot.Axis[] {
  const common: uPlot.Axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--border"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return [
    { ...common, grid: { show: false } },
    { ...common, size: 62, values: (_, splits) => splits.map(value) },
  ];
}
