import type uPlot from "uplot";
import { axes } from "@/ui/Chart";

const DAY_S = 86_400;
const MINUTE_S = 60;

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** Seconds since 1970 as labels below a chart: the time, and the day where a new one begins. */
function times(splits: readonly number[], stepS: number): string[] {
  let before = "";
  return splits.map((split) => {
    const date = new Date(split * 1_000);
    const today = day.format(date);
    const isNew = before !== "" && today !== before;
    before = today;
    if (stepS >= DAY_S || isNew) return today;
    return (stepS >= MINUTE_S ? minute : second).format(date);
  });
}

/** Axes of a chart over time, in this machine's zone. */
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

/** Hovered or chosen times in words. */
export function timeText(unixS: number): string {
  const date = new Date(unixS * 1_000);
  return `${day.format(date)} ${second.format(date)}`;
}
