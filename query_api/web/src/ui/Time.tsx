import { full, short } from "@/ui/clock";
import { ago } from "@/ui/format";

interface Props {
  /** RFC 3339. */
  time: string;
  form?: "full" | "short" | "ago";
}

/** A time in this machine's zone; UTC shows when the pointer rests on it. */
export function Time({ time, form = "full" }: Props) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return <span>{time}</span>;
  const shown = form === "ago" ? ago(time) : (form === "short" ? short : full).format(date);
  // The server's text is in UTC, to the nanosecond; one of an address may be in another zone.
  const utc = `${(time.endsWith("Z") ? time : date.toISOString()).replace("T", " ").replace("Z", "")} UTC`;
  return (
    <time dateTime={time} title={utc}>
      {shown}
    </time>
  );
}
