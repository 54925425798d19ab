import { Link } from "@tanstack/react-router";
import type { Period } from "@/api/period";
import { traces, within } from "@/pages/home/wording";
import { Empty } from "@/ui/Empty";
import { Time } from "@/ui/Time";

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;

interface Props {
  period: Period;
  newestTime: string;
  /** How many traces the period before has. */
  before: number;
}

/** The shortest period that the newest trace is in, one that the page offers where there is one. */
export function holding(newestTime: string, nowMs = Date.now()): Period {
  const newestMs = Date.parse(newestTime);
  const days = (nowMs - newestMs) / DAY_MS;
  if (days < 1) return { since: "24h" };
  if (days < WEEK_DAYS) return { since: "7d" };
  return {
    start: new Date(newestMs - DAY_MS).toISOString(),
    end: new Date(newestMs + 1_000).toISOString(),
  };
}

/** There is data, but none in the period: since when, and the way to it. */
export function Quiet({ period, newestTime, before }: Props) {
  const offered = holding(newestTime);
  return (
    <Empty title={`No traces ${within(period)}`}>
      <p>
        The newest is from <Time time={newestTime} form="ago" /> (<Time time={newestTime} />
        ). {before > 0 && `The period before has ${traces(before)}: `}
        {before > 0 && "has the application stopped, or stopped sending?"}
      </p>
      <div className="row">
        <Link to="/" search={offered} className="button primary">
          {offered.since === undefined ? "Show the 24 hours up to it" : `Show what is ${within(offered)}`}
        </Link>
        <Link to="/operations" className="button">
          Does anything come in?
        </Link>
      </div>
    </Empty>
  );
}
