import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { answer, api } from "@/api/client";
import { factsOf, tracesIn } from "@/pages/prompts/facts";
import type { Grid } from "@/pages/prompts/grid";
import styles from "@/pages/prompts/Workbench.module.css";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, usd } from "@/ui/format";
import { Status } from "@/ui/Status";

const ASK_EVERY_MS = 2_000;
const UNDERWAY: ReadonlySet<string> = new Set(["RUNNING", "CANCELLING"]);

/** How far an evaluation is. Its scores are shown in the grid as they come. */
export function EvaluationProgress({ evaluationId, grid }: { evaluationId: string; grid: Grid }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["evaluation", evaluationId],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/evaluations/{evaluation_id}", {
          params: { path: { evaluation_id: evaluationId } },
          signal,
        }),
      ),
    refetchInterval: ({ state }) => (state.data && !UNDERWAY.has(state.data.status) ? false : ASK_EVERY_MS),
  });
  const scoreCount = data?.progress.scores ?? 0;
  const status = data?.status ?? "";
  useEffect(() => {
    if (scoreCount === 0 && UNDERWAY.has(status)) return;
    const controller = new AbortController();
    factsOf(tracesIn(grid.snapshot()), controller.signal)
      .then((facts) => grid.absorb(facts))
      .catch(() => undefined); // the next tick asks again
    return () => controller.abort();
  }, [scoreCount, status, grid]);
  if (error) return <ErrorBox error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <p className="muted">The evaluation begins…</p>;
  const { done, total, scores, failed, cost_usd: cost } = data.progress;
  return (
    <div className={styles.progress} role="status">
      <Status status={data.status} />
      <span>
        {count(done)} of {count(total)} answers looked at, {count(scores)} scores
        {failed > 0 ? `, ${count(failed)} failed` : ""}
        {cost > 0 ? `, ${usd(cost)}` : ""}
      </span>
      {data.reason !== null && <span className={styles.fault}>{data.reason}</span>}
      {Object.entries(data.unmapped_reasons).map(([reason, rows]) => (
        <span key={reason} className="muted">
          {count(rows)} without a score: {reason}
        </span>
      ))}
      <Link to="/evaluations/$evaluationId" params={{ evaluationId }}>
        Open the evaluation
      </Link>
    </div>
  );
}
