import type uPlot from "uplot";
import { axes } from "@/ui/Chart";
import { short, times } from "@/ui/clock";

/** Axes of a chart over time, in this machine's zone, 24 hours a day: time below, values at the left. */
export function timeAxes(
  color: (variable: string) => string,
  value: (value: number) => string,
): [uPlot.Axis, uPlot.Axis] {
  const [x, y] = axes(color, value);
  return [
    { ...x, size: 26, space: 70, values: (_, splits, __, ___, stepS) => times(splits, stepS) },
    { ...y, size: 56 },
  ];
}

/** The instant under the pointer in words. */
export function timeText(unixS: number): string {
  return short.format(new Date(unixS * 1_000));
}
