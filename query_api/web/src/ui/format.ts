/** Numbers as people read them, always with their unit. "–" stands for what is not known. */

export const UNKNOWN = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

type Known = number | null | undefined;

function isKnown(value: Known): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** 3 significant digits, without an exponent for sizes that people know. */
export function digits(value: number, significant = 3): string {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: significant })
    .format(value)
    .replace("-", "−");
}

/** 12,345; beyond six digits 1.23M. */
export function count(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  return Math.abs(value) < 1_000_000 ? whole.format(value) : compact.format(value);
}

/** 0.4 ms, 38 ms, 1.24 s, 2 min 5 s, 3 h 2 min. */
export function duration(ms: Known): string {
  if (!isKnown(ms)) return UNKNOWN;
  if (ms === 0) return "0 ms";
  if (Math.abs(ms) < 1) return `${digits(ms * 1000)} µs`;
  if (Math.abs(ms) < 1_000) return `${digits(ms)} ms`;
  if (Math.abs(ms) < 60_000) return `${digits(ms / 1000)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3_600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 2_880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${digits(minutes / 1_440)} d`;
}

/** $0.00123, $1.24, $12,345. */
export function usd(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (size !== 0 && size < 0.01) return `${sign}$${digits(size, 2)}`;
  return `${sign}$${size < 1_000 ? size.toFixed(2) : whole.format(size)}`;
}

/** A share between 0 and 1 as 12.3 %. */
export function percent(share: Known): string {
  return isKnown(share) ? `${digits(share * 100)} %` : UNKNOWN;
}

/** A part of a whole; null where either is not known, or there is nothing to have a part of. */
export function shareOf(part: number | null, whole: number): number | null {
  return part === null || whole === 0 ? null : part / whole;
}

/** +12 %, −3.4 %: a relative change. */
export function change(share: Known): string {
  if (!isKnown(share)) return UNKNOWN;
  return `${share > 0 ? "+" : share < 0 ? "−" : "±"}${digits(Math.abs(share) * 100, 2)} %`;
}

/** 1.2 GB; powers of 1,000, as disks are sold. */
export function bytes(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${digits(value / 1000 ** power)} ${units[power]}`;
}

/** A score or another number without a unit. */
export function score(value: Known): string {
  return isKnown(value) ? digits(value) : UNKNOWN;
}

/** A value of a metric in the unit that the server names. */
export function inUnit(value: Known, unit: string | null): string {
  switch (unit) {
    case "ms":
      return duration(value);
    case "usd":
      return usd(value);
    case "ratio":
      return percent(value);
    case "tokens":
      return isKnown(value) ? `${digits(value)} tokens` : UNKNOWN;
    case "per_hour":
      return isKnown(value) ? `${digits(value)} / h` : UNKNOWN;
    default:
      return score(value);
  }
}

/** How long ago, in one unit: "5 min ago". */
export function ago(time: string, nowMs = Date.now()): string {
  const s = Math.round((nowMs - Date.parse(time)) / 1000);
  if (Number.isNaN(s)) return UNKNOWN;
  if (s < 5) return "just now";
  if (s < 60) return `${s} s ago`;
  if (s < 3_600) return `${Math.floor(s / 60)} min ago`;
  if (s < 172_800) return `${Math.floor(s / 3_600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}
