import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, api, type Schemas } from "@/api/client";
import { ProblemError } from "@/api/problem";
import styles from "@/pages/compare/Compare.module.css";
import { Pair } from "@/pages/compare/Pair";
import { USUAL_CONFIDENCE } from "@/pages/compare/search";
import type { Compared } from "@/pages/compare/verdict";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, score } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Status } from "@/ui/Status";

const ROWS = 10;
/** What the server says where the evaluations have no metric in common. */
const NOTHING_IN_COMMON = 422;

type Answer = Schemas["EvaluationComparisonAnswer"];
type ComparedMetric = Schemas["ComparedMetric"];

interface Props {
  baseline: Compared;
  against: Compared;
  confidence: number | undefined;
  metric: string | undefined;
  onMetric: (metric: string) => void;
}

function Unevaluated({
  baseline,
  against,
  reason,
}: Pick<Props, "baseline" | "against"> & { reason: string }) {
  return (
    <div className="stack">
      <p>
        The two have no evaluation that can be compared row by row, so only their traffic is, above.{" "}
        <span className="muted">{reason}</span>
      </p>
      <div className="row">
        <Link
          to="/evaluations/new"
          search={{ model_id: [baseline.model_id, against.model_id] }}
          className="button primary"
        >
          Evaluate both
        </Link>
      </div>
    </div>
  );
}

/** What the evaluations say of one metric, with its interval. */
function Verdict({ told, confidence }: { told: ComparedMetric; confidence: number }) {
  const { mean_a, mean_b, difference, lower, upper } = told;
  const signed = (value: number | null) => (value !== null && value > 0 ? `+${score(value)}` : score(value));
  return (
    <p className="row">
      <Status status={told.verdict} />
      <span>
        {score(mean_a)} → {score(mean_b)}
      </span>
      <span className="muted">
        difference {signed(difference)}, {score(confidence * 100)} % interval {signed(lower)} to{" "}
        {signed(upper)},{" "}
        {told.paired
          ? `${count(told.count_a)} pairs`
          : `${count(told.count_a)} and ${count(told.count_b)} rows`}
      </span>
    </p>
  );
}

function Rows({ answer: found, metric, onMetric }: { answer: Answer } & Pick<Props, "metric" | "onMetric">) {
  const shown = found.metrics.find((one) => one.metric === metric) ?? found.metrics[0];
  if (shown === undefined) return <p className="muted">The evaluations have no metric in common.</p>;
  const rows = found.rows[shown.metric] ?? [];
  const isBetter = shown.greater_is_better;
  return (
    <>
      <fieldset className="row" style={{ border: 0, margin: 0, padding: 0 }}>
        <legend className="visually-hidden">Metric</legend>
        {found.metrics.map((one) => (
          <button
            key={one.metric}
            type="button"
            className="button small"
            aria-pressed={one.metric === shown.metric}
            onClick={() => onMetric(one.metric)}
          >
            {one.metric}
          </button>
        ))}
      </fieldset>
      <Verdict told={shown} confidence={found.confidence} />
      {rows.length === 0 && <p className="muted">No input was scored by this metric in both.</p>}
      {rows.map((pair, index) => (
        <Pair
          key={`${shown.metric} ${pair.trace_id_a} ${pair.trace_id_b}`}
          pair={pair}
          metric={shown.metric}
          a={found.a}
          b={found.b}
          direction={isBetter === null ? 0 : isBetter ? 1 : -1}
          isFirst={index === 0}
        />
      ))}
      {found.notes.length > 0 && <p className="muted">{found.notes.join("; ")}.</p>}
    </>
  );
}

/** The version of the two that no finished evaluation covers; undefined while that is not known. */
function useUnevaluated(models: readonly Compared[]): {
  missing: Compared[] | undefined;
  error: Error | null;
} {
  return useQueries({
    queries: models.map(({ model_id }) => ({
      queryKey: ["evaluations", "finished", model_id],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        answer(
          api.GET("/v1/evaluations", {
            params: { query: { model_id, status: ["FINISHED"], limit: 1 } },
            signal,
          }),
        ),
    })),
    combine: (found) => ({
      error: found.find(({ error }) => error !== null)?.error ?? null,
      missing: found.every(({ data }) => data !== undefined)
        ? models.filter((_, index) => found[index]?.data?.evaluations.length === 0)
        : undefined,
    }),
  });
}

/** The inputs whose scores changed most from one version to the other, by their newest evaluations. */
export function ChangedRows({ baseline, against, confidence = USUAL_CONFIDENCE, metric, onMetric }: Props) {
  const [a, b] = [baseline.model_id, against.model_id];
  const { missing, error: unknown } = useUnevaluated([baseline, against]);
  const found = useQuery({
    queryKey: ["compare", "rows", a, b, confidence],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/evaluations/compare", { params: { query: { a, b, confidence, rows: ROWS } }, signal }),
      ),
    enabled: missing?.length === 0,
    retry: false,
  });
  const error = unknown ?? found.error;
  const isNothing = error instanceof ProblemError && error.status === NOTHING_IN_COMMON;
  const names = missing?.map(({ name }) => name).join(" and ") ?? "";
  return (
    <section className="card stack" aria-label="What changed most">
      <div className="row spread">
        <h2>What changed most</h2>
        {found.data && <Evaluations answer={found.data} />}
      </div>
      {names !== "" && (
        <Unevaluated baseline={baseline} against={against} reason={`Not evaluated: ${names}.`} />
      )}
      {isNothing && <Unevaluated baseline={baseline} against={against} reason={error.message} />}
      {error && !isNothing && <ErrorBox error={error} onRetry={() => void found.refetch()} />}
      {!error && names === "" && found.isPending && <Loading heightPx={200} />}
      {found.data && <Rows answer={found.data} metric={metric} onMetric={onMetric} />}
    </section>
  );
}

function Evaluations({ answer: { a, b } }: { answer: Answer }) {
  const ids = [...new Set([a.evaluation_id, b.evaluation_id])].filter((id) => id !== null);
  return (
    <span className={styles.legend}>
      <span className="muted">from the newest evaluation of each</span>
      {ids.map((evaluationId) => (
        <Link key={evaluationId} to="/evaluations/$evaluationId" params={{ evaluationId }}>
          {evaluationId.slice(0, 10)}
        </Link>
      ))}
    </span>
  );
}
