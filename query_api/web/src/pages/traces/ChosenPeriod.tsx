import type { Period } from "@/api/period";
import styles from "@/pages/traces/Traces.module.css";

interface Props {
  period: Period;
  onChange: (period: Period) => void;
}

const WIDER = 3;
const LEAST_MS = 1_000;
const MINUTE_MS = 60_000;

/** A time as a field for date and time has it: local, without a zone. */
function fieldOf(time: string | undefined): string {
  if (time === undefined) return "";
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 19);
}

function timeOf(field: string): string | undefined {
  return field === "" ? undefined : new Date(field).toISOString();
}

/** The period that a chart gave, to be mended by hand, and the ways out of it. */
export function ChosenPeriod({ period: { start, end }, onChange }: Props) {
  const widen = () => {
    if (start === undefined || end === undefined) return;
    const [first, last] = [Date.parse(start), Date.parse(end)];
    const room = (Math.max(LEAST_MS, last - first) * (WIDER - 1)) / 2;
    onChange({ start: new Date(first - room).toISOString(), end: new Date(last + room).toISOString() });
  };
  return (
    <div className={styles.fixed}>
      <label className="row">
        From
        <input
          type="datetime-local"
          step="1"
          className="field"
          value={fieldOf(start)}
          onChange={({ target }) => onChange({ start: timeOf(target.value), end })}
        />
      </label>
      <label className="row">
        to
        <input
          type="datetime-local"
          step="1"
          className="field"
          value={fieldOf(end)}
          onChange={({ target }) => onChange({ start, end: timeOf(target.value) })}
        />
      </label>
      <button
        type="button"
        className="button small"
        disabled={start === undefined || end === undefined}
        onClick={widen}
      >
        Wider
      </button>
      <button type="button" className="button small" onClick={() => onChange({ since: "24h" })}>
        Last 24 hours
      </button>
      <button type="button" className="button small" onClick={() => onChange({})}>
        All time
      </button>
    </div>
  );
}
