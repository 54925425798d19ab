import type { Period } from "@/api/period";

const CHOICES = [
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["6h", "Last 6 hours"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["90d", "Last 90 days"],
] as const;

interface Props {
  period: Period;
  onChange: (period: Period) => void;
}

/** Chooses a period: back from now, all time, or bounds that a chart gave. */
export function PeriodPicker({ period, onChange }: Props) {
  const isFixed = period.start !== undefined || period.end !== undefined;
  const isOther = period.since !== undefined && !CHOICES.some(([since]) => since === period.since);
  return (
    <select
      className="field"
      aria-label="Period"
      value={isFixed ? "fixed" : (period.since ?? "all")}
      onChange={({ target: { value } }) => {
        if (value !== "fixed") onChange(value === "all" ? {} : { since: value });
      }}
    >
      {CHOICES.map(([since, name]) => (
        <option key={since} value={since}>
          {name}
        </option>
      ))}
      {isOther && <option value={period.since}>Last {period.since}</option>}
      <option value="all">All time</option>
      {isFixed && <option value="fixed">Chosen period</option>}
    </select>
  );
}
