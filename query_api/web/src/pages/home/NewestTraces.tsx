import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import type { Period } from "@/api/period";
import styles from "@/pages/home/home.module.css";
import { newestTraces } from "@/pages/home/queries";
import { within } from "@/pages/home/wording";
import { ErrorBox } from "@/ui/ErrorBox";
import { duration } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";
import { cut, visible } from "@/ui/visible";

const ROW_PX = 47;
const ROWS = 6;
const SAID_CHARS = 300;

function Row({ trace }: { trace: Schemas["TraceItem"] }) {
  const isError = trace.status === "ERROR";
  const said = visible(cut((isError && trace.status_message) || (trace.input ?? ""), SAID_CHARS));
  return (
    <li className={styles.trace}>
      <Link to="/traces/$traceId" params={{ traceId: trace.trace_id }} className={styles.traceLink}>
        <span className="ellipsis">{visible(trace.name)}</span>
        {isError && <Status status="ERROR" />}
      </Link>
      <span className="number">{duration(trace.latency_ms)}</span>
      <span className={`muted ellipsis ${styles.said}`}>
        {[trace.model_name || trace.service_name, said].filter((part) => part !== "").join(" · ")}
      </span>
      <span className="muted number">
        <Time time={trace.start_time} form="ago" />
      </span>
    </li>
  );
}

interface Props {
  title: string;
  period: Period;
  filter?: string;
  /** Where there are none. */
  none: string;
}

/** The newest traces of the period that match, and the way to all of them. */
export function NewestTraces({ title, period, filter, none }: Props) {
  const { data, error, refetch } = useQuery(newestTraces(period, filter));
  const id = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section className="card" aria-labelledby={id}>
      <div className="row spread">
        <h2 id={id}>{title}</h2>
        <Link to="/traces" search={{ ...period, ...(filter && { filter }) }}>
          Show all<span className="visually-hidden">: {title.toLowerCase()}</span>
        </Link>
      </div>
      {error !== null ? (
        <ErrorBox error={error} onRetry={refetch} />
      ) : data === undefined ? (
        <Loading heightPx={ROWS * ROW_PX} />
      ) : data.length === 0 ? (
        <p className="muted">
          {none} {within(period)}.
        </p>
      ) : (
        <ul className={styles.traces}>
          {data.map((trace) => (
            <Row key={trace.trace_id} trace={trace} />
          ))}
        </ul>
      )}
    </section>
  );
}
