import type { Schemas } from "@/api/client";
import { FeedbackForm } from "@/pages/trace/FeedbackForm";
import styles from "@/pages/trace/Panel.module.css";
import { useExpectations } from "@/pages/trace/queries";
import type { Span, Tree } from "@/pages/trace/tree";
import { score } from "@/ui/format";
import { LongText } from "@/ui/LongText";
import { opened } from "@/ui/messageParts";
import { prettyJson } from "@/ui/messageTypes";
import { Time } from "@/ui/Time";
import { visible } from "@/ui/visible";

const SOURCES: Readonly<Record<string, string>> = { HUMAN: "a person", LLM_JUDGE: "a judge", CODE: "code" };

function ScoreView({ one, spanName }: { one: Schemas["Score"]; spanName: string }) {
  const by = [SOURCES[one.source ?? ""] ?? "", visible(one.scorer ?? "")].filter(Boolean).join(", ");
  return (
    <li className={styles.event}>
      <div className="row spread">
        <span>
          <strong className={styles.name}>{visible(one.name)}</strong>{" "}
          <span className="number">
            {one.value === null ? "" : score(one.value)}
            {one.label !== null && one.label !== "" && ` ${visible(one.label)}`}
          </span>
        </span>
        <span className="muted">
          <Time time={one.time} form="ago" />
        </span>
      </div>
      {one.explanation && <LongText text={one.explanation} />}
      <p className="muted">
        {by === "" ? "Nobody said who gave it" : `By ${by}`}
        {spanName !== "" && ` · of ${visible(spanName)}`}
      </p>
    </li>
  );
}

interface Props {
  trace: Schemas["TraceDetail"];
  tree: Tree;
  span: Span;
}

/** What people, judges and metrics say of the trace; and where one says something oneself. */
export function Scores({ trace, tree, span }: Props) {
  const expectations = useExpectations(trace.trace_id);
  const expected = Object.entries(expectations.data ?? {});
  const nameOf = (spanId: string | null) => tree.nodes[tree.indexOf.get(spanId ?? "") ?? -1]?.span.name ?? "";
  return (
    <div className="stack">
      <section className={styles.part} aria-label="Scores of the trace">
        <h3>Scores</h3>
        {trace.scores.length === 0 && <p className="muted">Nobody has judged this trace yet.</p>}
        <ul className={styles.list}>
          {trace.scores.map((one) => (
            <ScoreView
              key={`${one.name} ${one.time} ${one.span_id}`}
              one={one}
              spanName={nameOf(one.span_id)}
            />
          ))}
        </ul>
      </section>
      {expected.length > 0 && (
        <section className={styles.part} aria-label="Right answers">
          <h3>What would have been right</h3>
          <ul className={styles.list}>
            {expected.map(([name, value]) => (
              <li key={name} className={styles.event}>
                <strong className={styles.name}>{visible(name)}</strong>
                <LongText text={prettyJson(opened(value))} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <FeedbackForm trace={trace} span={span} />
    </div>
  );
}
