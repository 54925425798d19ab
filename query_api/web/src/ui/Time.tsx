import { ago } from "@/ui/format";

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const short = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

interface Props {
  /** RFC 3339. */
  time: string;
  form?: "full" | "short" | "ago";
}

/** A time in this machine's zone; UTC shows when the pointer rests on it. */
export function Time({ time, form = "full" }: Props) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return <span>{time}</span>;
  const shown = form === "ago" ? ago(time) : (form === "short" ? short : local).format(date);
  return (
    <time dateTime={time} title={`${time.replace("T", " ").replace("Z", "")} UTC`}>
      {shown}
    </time>
  );
}
