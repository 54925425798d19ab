/** A period as the address bar has it: `since` back from now, or fixed bounds (RFC 3339). Nothing: all time. */
export interface Period {
  since?: string;
  start?: string;
  end?: string;
}

/** The bounds that a request takes. */
export interface Bounds {
  start?: string;
  end?: string;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const SINCE = /^([1-9][0-9]{0,4})([mhd])$/;

/** "24h" in milliseconds; null where it is no such text. */
export function sinceMs(since: string): number | null {
  const [, count, unit] = SINCE.exec(since) ?? [];
  const unitMs = UNIT_MS[unit ?? ""];
  return count === undefined || unitMs === undefined ? null : Number(count) * unitMs;
}

/** The bounds of a period, as of now. */
export function boundsOf(period: Period, nowMs = Date.now()): Bounds {
  const backMs = period.since === undefined ? null : sinceMs(period.since);
  if (backMs !== null) return { start: new Date(nowMs - backMs).toISOString() };
  return { ...(period.start && { start: period.start }), ...(period.end && { end: period.end }) };
}

function instant(value: unknown): string | undefined {
  return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

/** The members of a period in whatever the address bar holds: for `validateSearch` of a route. */
export function periodOf(search: Record<string, unknown>): Period {
  const since = typeof search.since === "string" && sinceMs(search.since) !== null ? search.since : undefined;
  if (since !== undefined) return { since };
  const [start, end] = [instant(search.start), instant(search.end)];
  return { ...(start && { start }), ...(end && { end }) };
}
