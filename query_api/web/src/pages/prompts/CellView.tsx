import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { answer, api } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { type Cell, type Column, isOver, type Score, tokens } from "@/pages/prompts/cells";
import styles from "@/pages/prompts/Grid.module.css";
import { type Grid, keyOf, sentOf } from "@/pages/prompts/grid";
import type { Row } from "@/pages/prompts/rows";
import { duration, score as figure, usd } from "@/ui/format";
import { LongText } from "@/ui/LongText";

/** The name of the score that "Good" and "Bad" give. */
const HELPFUL = "helpful";
const TRIES = 8;
const TRY_EVERY_MS = 1_000;

/** Records what a person thinks of an answer. Its trace may still be on its way: that is waited for. */
async function sendFeedback(traceId: string, value: boolean): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const body = { name: HELPFUL, value };
      await answer(
        api.POST("/v1/traces/{trace_id}/feedback", {
          params: { path: { trace_id: traceId } },
          body: body,
        }),
      );
      return;
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 404 || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}

function Figures({ cell }: { cell: Cell }) {
  return (
    <dl className={styles.figures}>
      <div>
        <dt>Latency</dt>
        <dd>{duration(cell.latencyMs)}</dd>
      </div>
      <div>
        <dt>First token</dt>
        <dd>{duration(cell.timeToFirstTokenMs)}</dd>
      </div>
      <div>
        <dt>Tokens</dt>
        <dd title="of the prompt, of the answer">{tokens(cell.inputTokens, cell.outputTokens)}</dd>
      </div>
      <div>
        <dt>Cost</dt>
        <dd>{cell.isRecorded || cell.costUsd !== null ? usd(cell.costUsd) : "…"}</dd>
      </div>
    </dl>
  );
}

function Scores({ scores }: { scores: readonly Score[] }) {
  if (scores.length === 0) return null;
  return (
    <ul className={styles.scores}>
      {scores.map((one) => (
        <li key={one.name} title={one.explanation || undefined}>
          {one.name} <strong>{one.label !== "" ? one.label : figure(one.value)}</strong>
        </li>
      ))}
    </ul>
  );
}

interface ActionProps {
  cell: Cell;
  place: string;
  onRetry: () => void;
  onFeedback: (value: boolean) => void;
}

function Actions({ cell, place, onRetry, onFeedback }: ActionProps) {
  const { traceId } = cell;
  const feedback = useMutation({
    mutationFn: (value: boolean) => sendFeedback(traceId ?? "", value),
    onSuccess: (_, value) => onFeedback(value),
  });
  const said = feedback.isPending ? null : cell.scores.find((one) => one.name === HELPFUL)?.value;
  const thumb = (value: boolean, text: string) => (
    <button
      type="button"
      className="button quiet small"
      aria-pressed={said === Number(value) || (feedback.isPending && feedback.variables === value)}
      aria-label={`${text}: ${place}`}
      disabled={feedback.isPending}
      onClick={() => feedback.mutate(value)}
    >
      {text}
    </button>
  );
  return (
    <div className={styles.actions}>
      {cell.state === "done" && traceId !== null && (
        <>
          {thumb(true, "Good")}
          {thumb(false, "Bad")}
        </>
      )}
      <button type="button" className="button quiet small" aria-label={`Retry: ${place}`} onClick={onRetry}>
        Retry
      </button>
      {traceId !== null && (
        <Link
          className="button quiet small"
          to="/traces/$traceId"
          params={{ traceId }}
          preload={false}
          aria-label={`Trace: ${place}`}
        >
          Trace
        </Link>
      )}
      {feedback.isPending && <span className="muted">Recording…</span>}
      {feedback.error && (
        <span role="alert" className={styles.fault}>
          {feedback.error.message}
        </span>
      )}
    </div>
  );
}

interface Props {
  cell: Cell | undefined;
  /** "support, row 2": which cell it is, in words. */
  place: string;
  row: Row;
  column: Column;
  grid: Grid;
}

/** One answer: as it streams, then with its figures, scores, and what can be done about it. */
export const CellView = memo(function CellView({ cell, place, row, column, grid }: Props) {
  const onRetry = () => grid.retry(row, column);
  if (cell === undefined)
    return (
      <button type="button" className="button quiet small" aria-label={`Run: ${place}`} onClick={onRetry}>
        Run this row
      </button>
    );
  if (cell.state === "waiting") return <span className="muted">Waiting</span>;
  return (
    <div className={styles.cell}>
      {cell.sent !== sentOf(row) && <p className={styles.note}>The row was changed after this answer.</p>}
      {cell.answeredBy !== null && <p className={styles.note}>Answered by its fallback {cell.answeredBy}.</p>}
      {cell.text !== "" && (
        // biome-ignore lint/a11y/useSemanticElements: an answer is no set of fields
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <div className={styles.output} role="group" aria-label={`Answer: ${place}`} tabIndex={0}>
          <LongText text={cell.text} />
        </div>
      )}
      {cell.state === "running" && (
        <span className={styles.running}>{cell.text === "" ? "Asked" : "Answering"}</span>
      )}
      {cell.error !== null && <p className={styles.error}>{cell.error}</p>}
      {cell.state === "stopped" && <p className={styles.note}>Stopped</p>}
      {cell.finishReason === "length" && <p className={styles.note}>Cut off at max tokens.</p>}
      {isOver(cell) && (
        <>
          <Figures cell={cell} />
          <Scores scores={cell.scores} />
          <Actions
            cell={cell}
            place={place}
            onRetry={onRetry}
            onFeedback={(value) => grid.score(keyOf(row.id, column.id), HELPFUL, Number(value))}
          />
        </>
      )}
    </div>
  );
});
