import type { Period } from "@/api/period";
import { before, within } from "@/pages/home/wording";

const CHOICES = ["1h", "6h", "24h", "7d", "30d"] as const;

interface Props {
  period: Period;
  onChange: (period: Period) => void;
}

/** Chooses what is held against what: a period back from now, and the one of the same length before it. */
export function HomePeriod({ period, onChange }: Props) {
  const { since } = period;
  const isListed = CHOICES.some((choice) => choice === since);
  const name = (one: Period) => `${within(one).replace(/^in the (.)/, (_, first) => first.toUpperCase())}`;
  return (
    <>
      <span className="muted">against {before(period)}</span>
      <select
        className="field"
        aria-label="Period"
        value={isListed ? since : "other"}
        onChange={({ target: { value } }) => {
          if (value !== "other") onChange({ since: value });
        }}
      >
        {CHOICES.map((choice) => (
          <option key={choice} value={choice}>
            {name({ since: choice })}
          </option>
        ))}
        {!isListed && <option value="other">{name(period)}</option>}
      </select>
    </>
  );
}
