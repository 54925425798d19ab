import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { type Alarm, alarms } from "@/pages/operations/alarms";
import { CollectorPart } from "@/pages/operations/Collector";
import { DatabasePart } from "@/pages/operations/Database";
import { IngestPart } from "@/pages/operations/IngestPart";
import styles from "@/pages/operations/operations.module.css";
import { type Operations, operations } from "@/pages/operations/queries";
import { AccessPart, EvaluationsPart, GatewayPart } from "@/pages/operations/Services";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { Page } from "@/ui/Page";

/** What needs somebody; or that nothing does. */
function Attention({ found }: { found: readonly Alarm[] }) {
  if (found.length === 0)
    return (
      <p role="status" className={styles.well}>
        <strong>All is well.</strong> Nothing is refused, spooled or short of room.
      </p>
    );
  return (
    <ul className={styles.alarms} aria-label="What needs attention">
      {found.map(({ level, what, todo }) => (
        <li key={what} className={level === "bad" ? styles.alarmBad : styles.alarmWatch}>
          <strong>{what}</strong> {todo}
        </li>
      ))}
    </ul>
  );
}

function Shown({ state, first, shownAtMs }: { state: Operations; first: Operations; shownAtMs: number }) {
  return (
    <>
      <Attention found={alarms(state, first)} />
      <IngestPart ingest={state.ingest} shownAtMs={shownAtMs} />
      <CollectorPart collector={state.collector} />
      <DatabasePart database={state.database} />
      <div className={styles.columns}>
        <EvaluationsPart evaluations={state.evaluations} />
        <AccessPart access={state.access} />
      </div>
      <GatewayPart gateway={state.gateway} />
    </>
  );
}

export default function OperationsPage() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(operations);
  const first = useRef<Operations | null>(null);
  first.current ??= data ?? null;
  return (
    <Page
      title="Operations"
      actions={
        <span className="muted">
          {data && `spanfold ${data.version} · `}
          asked anew every 5 s
        </span>
      }
    >
      {error !== null && <ErrorBox error={error} onRetry={refetch} />}
      {data !== undefined && first.current !== null ? (
        <Shown state={data} first={first.current} shownAtMs={dataUpdatedAt} />
      ) : (
        error === null && <Loading heightPx={720} />
      )}
    </Page>
  );
}
