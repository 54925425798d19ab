import { useState } from "react";
import styles from "@/pages/trace/Panel.module.css";
import type { useLogs } from "@/pages/trace/queries";
import type { Tree } from "@/pages/trace/tree";
import { ErrorBox } from "@/ui/ErrorBox";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { LongText } from "@/ui/LongText";
import { prettyJson } from "@/ui/messageTypes";
import { Time } from "@/ui/Time";
import { visible } from "@/ui/visible";

const STEP = 100;
/** OpenTelemetry's severity numbers from which on a record tells of a warning, of an error. */
const WARN = 13;
const ERROR = 17;

function severityClass(number: number): string | undefined {
  return number >= ERROR ? styles.isError : number >= WARN ? styles.isWarning : styles.isQuiet;
}

interface Props {
  answer: ReturnType<typeof useLogs>;
  tree: Tree;
  spanId: string;
}

/** The log records that were written within the span, or within the whole trace. */
export function Logs({ answer, tree, spanId }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  const [shown, setShown] = useState(STEP);
  if (answer.error) return <ErrorBox error={answer.error} onRetry={() => void answer.refetch()} />;
  if (answer.data === undefined) return <Loading />;
  const { logs: all, truncated } = answer.data;
  const logs = isWhole ? all : all.filter((log) => log.span_id === spanId);
  return (
    <div className="stack">
      <label className="row">
        <input type="checkbox" checked={isWhole} onChange={() => setIsWhole(!isWhole)} />
        The whole trace ({count(all.length)}
        {truncated ? " and more" : ""})
      </label>
      {logs.length === 0 && (
        <p className="muted">
          {all.length === 0
            ? "No log records of this trace came in. Send logs over OTLP within a span, and they show here."
            : "No log records of this span."}
        </p>
      )}
      <ol className={styles.list} aria-label="Log records">
        {logs.slice(0, shown).map((log, index) => {
          const at = tree.indexOf.get(log.span_id ?? "");
          return (
            <li key={index} className={styles.event}>
              <div className="row">
                <span className={severityClass(log.severity_number)}>
                  {visible(log.severity_text) || "log"}
                </span>
                <Time time={log.time} form="short" />
                <span className="muted">{visible(log.event_name || log.service_name)}</span>
                {isWhole && at !== undefined && (
                  <span className="muted">{visible(tree.nodes[at]?.span.name ?? "")}</span>
                )}
              </div>
              {log.body !== "" && <LongText text={log.body} />}
              {Object.keys(log.attributes).length > 0 && (
                <details>
                  <summary>{count(Object.keys(log.attributes).length)} attributes</summary>
                  <LongText text={prettyJson(log.attributes)} isCode />
                </details>
              )}
            </li>
          );
        })}
      </ol>
      {logs.length > shown && (
        <button type="button" className="button small" onClick={() => setShown(shown + STEP)}>
          Show {count(Math.min(STEP, logs.length - shown))} of {count(logs.length - shown)} more
        </button>
      )}
    </div>
  );
}
