/** How far an evaluation was at an instant of this machine's clock. */
export interface Mark {
  atMs: number;
  done: number;
}

const WINDOW_MS = 60_000;
const MAX_MARKS = 200;

/** The marks with one more, without those that are too old to tell the rate of now. */
export function marked(marks: readonly Mark[], mark: Mark): Mark[] {
  const last = marks.at(-1);
  if (last !== undefined && mark.done < last.done) return [mark]; // it began anew
  return [...marks.filter(({ atMs }) => mark.atMs - atMs <= WINDOW_MS), mark].slice(-MAX_MARKS);
}

/** Traces a second by the marks; null while too little is known. */
export function rateOf(marks: readonly Mark[], nowMs: number): number | null {
  const first = marks[0];
  const last = marks.at(-1);
  if (first === undefined || last === undefined || last.done === first.done) return null;
  const lastedMs = Math.max(last.atMs, Math.min(nowMs, last.atMs + 2_000)) - first.atMs;
  return lastedMs < 500 ? null : ((last.done - first.done) * 1_000) / lastedMs;
}

/** Milliseconds that the rest takes at this rate; null where that is not known. */
export function timeLeftMs(done: number, total: number | null, rate: number | null): number | null {
  return total === null || rate === null || rate <= 0 ? null : (Math.max(0, total - done) / rate) * 1_000;
}
