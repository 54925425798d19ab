import { useState, useSyncExternalStore } from "react";
import { ProblemError } from "@/api/problem";
import { Actions } from "@/pages/traces/Actions";
import { columnsOf } from "@/pages/traces/columns";
import { MAX_CHOSEN } from "@/pages/traces/exporting";
import { useHistogram } from "@/pages/traces/HistogramChart";
import type { LiveTraces } from "@/pages/traces/liveTraces";
import { NoTraces } from "@/pages/traces/NoTraces";
import type { Search } from "@/pages/traces/search";
import styles from "@/pages/traces/Traces.module.css";
import { TraceTable } from "@/pages/traces/TraceTable";
import type { Asked, Rows, Trace } from "@/pages/traces/traceList";
import type { Shown } from "@/pages/traces/useRows";
import { ErrorBox } from "@/ui/ErrorBox";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";

const NEWEST_FIRST = "start_time DESC";
const HEIGHT = "max(420px, calc(100vh - 150px))";
const FIRST_PX = 480;

interface Props {
  asked: Asked;
  search: Search;
  isLive: boolean;
  shown: Shown;
  change: (changes: Partial<Search>) => void;
  onOpen: (traceId: string) => void;
}

/** The table, what can be done with its rows, and what is said where there are none. */
export function TraceResults({ asked, search, isLive, shown, change, onOpen }: Props) {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Trace>>(new Map());
  const { rows, live } = shown;
  useSyncExternalStore(rows.subscribe, () => rows.version);
  // The charts ask for the same counts; without them the number is not worth a request.
  const { data: histogram } = useHistogram(asked, isLive, search.charts !== false && shown.isAnswered);
  const isInvalid = rows.error instanceof ProblemError && rows.error.members.position !== undefined;

  const choose = (trace: Trace) => {
    const next = new Map(chosen);
    if (!next.delete(trace.trace_id) && next.size < MAX_CHOSEN) next.set(trace.trace_id, trace);
    setChosen(next);
  };
  return (
    <div className={styles.list}>
      <div className={styles.bar}>
        <span aria-live="polite">
          {chosen.size > 0 ? (
            <>
              {count(chosen.size)} chosen{" "}
              {chosen.size === MAX_CHOSEN && <span className="muted">(no more than that) </span>}
              <button type="button" className="button quiet small" onClick={() => setChosen(new Map())}>
                Choose none
              </button>
            </>
          ) : (
            <Found rows={rows} live={live} total={histogram?.trace_count} />
          )}
        </span>
        <Actions
          asked={asked}
          search={search}
          isLive={isLive}
          chosen={chosen}
          change={change}
          onRefresh={shown.refresh}
        />
      </div>
      {rows.error !== null && !isInvalid && <ErrorBox error={rows.error} onRetry={() => rows.retry()} />}
      {isInvalid ? (
        <p className="muted">Mend the filter above, and the traces show here.</p>
      ) : rows.count > 0 ? (
        <TraceTable
          key={shown.key}
          rows={rows}
          columns={columnsOf(search.columns)}
          asked={asked}
          order={isLive ? NEWEST_FIRST : (asked.order_by ?? NEWEST_FIRST)}
          onOrder={(order) =>
            change({ order_by: order === NEWEST_FIRST ? undefined : order, live: undefined })
          }
          onOpen={(trace) => onOpen(trace.trace_id)}
          chosen={chosen}
          onChoose={choose}
          isFresh={live?.isFresh}
          height={HEIGHT}
        />
      ) : rows.isLoading || rows.isMore ? (
        rows.error === null && <Loading heightPx={FIRST_PX} />
      ) : (
        <NoTraces asked={asked} isLive={isLive} change={change} />
      )}
    </div>
  );
}

function Found({ rows, live, total }: { rows: Rows; live: LiveTraces | null; total: number | undefined }) {
  if (live !== null)
    return (
      <>
        {live.isPaused ? "Paused: scroll to the top to go on" : "Live"}
        {live.freshCount > 0 && ` · ${count(live.freshCount)} new`}
        {live.hasGap && " · some were left out, too many came at once"}
      </>
    );
  if (rows.count === 0) return null;
  const known = `${count(rows.count)}${rows.isMore ? "+" : ""}`;
  const shown = total === undefined || total < rows.count ? known : count(total);
  return <>{shown === "1" ? "1 trace" : `${shown} traces`}</>;
}
