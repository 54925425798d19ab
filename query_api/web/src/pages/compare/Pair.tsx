import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import styles from "@/pages/compare/Compare.module.css";
import { DiffText } from "@/ui/DiffText";
import { score } from "@/ui/format";
import { Messages } from "@/ui/Messages";

type ChangedPair = Schemas["ChangedPair"];
export type Side = Schemas["ComparedEvaluation"];

const MAX_QUESTION_CHARS = 160;

/** Why a trace has its score, in the words of what scored it. */
function Why(props: { traceId: string; metric: string; evaluationId: string | null }) {
  const { traceId, metric, evaluationId } = props;
  const { data, error } = useQuery({
    queryKey: ["trace", traceId, "scores"],
    queryFn: async ({ signal }) => {
      const trace = await answer(
        api.GET("/v1/traces/{trace_id}", { params: { path: { trace_id: traceId } }, signal }),
      );
      return trace.scores;
    },
  });
  if (error) return <p className="muted">Why it has this score cannot be read: {error.message}</p>;
  const told = data?.find(
    (one) => one.name === metric && one.explanation !== null && one.evaluation_id === evaluationId,
  );
  return told ? <p className={styles.why}>{told.explanation}</p> : null;
}

interface OutputProps {
  side: Side;
  traceId: string;
  value: number;
  metric: string;
  output: string | null;
  isShown: boolean;
}

function Output({ side, traceId, value, metric, output, isShown }: OutputProps) {
  return (
    <div className={styles.side}>
      <div className="row spread">
        <strong>{side.name}</strong>
        <span>
          <span className="muted">{metric}</span> {score(value)}
        </span>
      </div>
      {isShown && <Messages text={output} label={`Output of ${side.name}`} />}
      <Why traceId={traceId} metric={metric} evaluationId={side.evaluation_id} />
      <Link to="/traces/$traceId" params={{ traceId }}>
        Trace {traceId.slice(0, 8)}
      </Link>
    </div>
  );
}

interface Props {
  pair: ChangedPair;
  metric: string;
  a: Side;
  b: Side;
  /** +1 where more is better, -1 where less is, 0 where nobody said. */
  direction: -1 | 0 | 1;
  isFirst: boolean;
}

/** One input, and what both versions made of it. */
export function Pair({ pair, metric, a, b, direction, isFirst }: Props) {
  const [isOpen, setIsOpen] = useState(isFirst);
  const [isDiff, setIsDiff] = useState(true);
  const question = pair.inputs ?? "An input that was not recorded";
  const effect = direction * Math.sign(pair.change);
  const color = effect > 0 ? "var(--ok)" : effect < 0 ? "var(--error)" : undefined;
  return (
    <details
      className={styles.pair}
      open={isOpen}
      onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}
    >
      <summary>
        <span className={`${styles.question} ellipsis`}>{question.slice(0, MAX_QUESTION_CHARS)}</span>
        <span className="number">
          {score(pair.score_a)} → {score(pair.score_b)}{" "}
          <strong style={{ color }}>
            {pair.change > 0 ? "+" : pair.change < 0 ? "−" : "±"}
            {score(Math.abs(pair.change))}
          </strong>
        </span>
      </summary>
      {isOpen && (
        <div className={styles.inside}>
          <Messages text={pair.inputs} label="Input" hasHeading />
          <div className="row">
            <h3>Outputs</h3>
            <button
              type="button"
              className="button small"
              aria-pressed={isDiff}
              onClick={() => setIsDiff(true)}
            >
              Differences
            </button>
            <button
              type="button"
              className="button small"
              aria-pressed={!isDiff}
              onClick={() => setIsDiff(false)}
            >
              For reading
            </button>
          </div>
          {isDiff && (
            <DiffText
              before={pair.outputs_a}
              after={pair.outputs_b}
              beforeLabel={a.name}
              afterLabel={b.name}
            />
          )}
          <div className={styles.sides}>
            <Output
              side={a}
              traceId={pair.trace_id_a}
              value={pair.score_a}
              output={pair.outputs_a}
              metric={metric}
              isShown={!isDiff}
            />
            <Output
              side={b}
              traceId={pair.trace_id_b}
              value={pair.score_b}
              output={pair.outputs_b}
              metric={metric}
              isShown={!isDiff}
            />
          </div>
        </div>
      )}
    </details>
  );
}
