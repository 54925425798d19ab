/** Times as the page writes them: in this machine's zone, 24 hours a day whatever the browser's language. */

const DAY_S = 86_400;
const MINUTE_S = 60;
const HOUR = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const DAY = { month: "short", day: "numeric" } as const;

const day = new Intl.DateTimeFormat(undefined, DAY);
const minute = new Intl.DateTimeFormat(undefined, HOUR);
const second = new Intl.DateTimeFormat(undefined, { ...HOUR, second: "2-digit" });
/** Within a year. */
export const short = new Intl.DateTimeFormat(undefined, { ...DAY, ...HOUR, second: "2-digit" });
export const full = new Intl.DateTimeFormat(undefined, {
  ...DAY,
  ...HOUR,
  year: "numeric",
  second: "2-digit",
});

/** Seconds since 1970 as labels below a chart: the time, and the day where a new one begins. */
export function times(splits: readonly number[], stepS: number): string[] {
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
