import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { boundsOf } from "@/api/period";
import { commandOf, programOf } from "@/pages/evaluations/commands";
import type { NewEvaluation } from "@/pages/evaluations/form";
import styles from "@/pages/evaluations/NewEvaluation.module.css";
import type { NewSearch } from "@/pages/evaluations/newSearch";
import { CopyButton } from "@/ui/CopyButton";
import { count, usd } from "@/ui/format";

const CALM_MS = 500;

/** A value that has not changed for a moment: no request for each letter that somebody types. */
function useCalm<Value>(value: Value, json: string): Value {
  const [calm, setCalm] = useState(value);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the JSON says whether the value is another one
  useEffect(() => {
    const timer = setTimeout(() => setCalm(value), CALM_MS);
    return () => clearTimeout(timer);
  }, [json]);
  return calm;
}

/** How many traces meet the condition, before any sample. Versions are counted one by one, as they are scored. */
function useCount(form: NewSearch) {
  const { since, start, end, filter, trace_id = [], model_id = [] } = form;
  return useQueries({
    queries: (model_id.length === 0 ? [""] : model_id).map((model) => ({
      queryKey: ["trace count", since, start, end, filter, trace_id, model],
      queryFn: ({ signal }: { signal: AbortSignal }) => {
        const bounds = boundsOf({ since, start, end });
        const query = { ...bounds, filter, trace_id, ...(model && { model_id: model }) };
        return answer(api.GET("/v1/traces/count", { params: { query }, signal }));
      },
      placeholderData: keepPreviousData,
    })),
    combine: (found) => ({
      traces: found.every(({ data }) => data)
        ? found.reduce((sum, { data }) => sum + (data?.count ?? 0), 0)
        : null,
      error: found.find(({ error }) => error !== null)?.error ?? null,
    }),
  });
}

function costText({ call_count, cost_usd }: Schemas["EvaluationEstimate"]): string {
  if (call_count === 0) return "nothing";
  if (cost_usd === null) return "not known: no price for this judge";
  return cost_usd.low === cost_usd.high ? usd(cost_usd.low) : `${usd(cost_usd.low)} to ${usd(cost_usd.high)}`;
}

/** What the server expects it to take. It is asked once nothing has changed for a moment. */
export function useEstimate(body: NewEvaluation | null) {
  const json = JSON.stringify(body);
  const calm = useCalm(body, json);
  const found = useQuery({
    queryKey: ["evaluation estimate", JSON.stringify(calm)],
    queryFn: ({ signal }) => {
      if (calm === null) throw new Error("there is nothing to estimate");
      return answer(api.POST("/v1/evaluations/estimate", { body: calm, signal }));
    },
    enabled: calm !== null,
    retry: false,
  });
  const isCurrent = calm !== null && JSON.stringify(calm) === json;
  return {
    estimate: isCurrent ? found.data : undefined,
    error: isCurrent ? found.error : null,
    isPending: body !== null && (!isCurrent || found.isFetching),
  };
}

interface Props {
  form: NewSearch;
  body: NewEvaluation | null;
  estimated: ReturnType<typeof useEstimate>;
}

/** How many traces, how many calls, what cost: before anything is started. */
export function Estimate({ form, body, estimated }: Props) {
  const calmForm = useCalm(form, JSON.stringify(form));
  const counted = useCount(calmForm);
  const { estimate, isPending } = estimated;
  return (
    <>
      <dl className={styles.estimate} aria-live="polite">
        <dt>Traces that match</dt>
        <dd>{counted.error === null ? count(counted.traces) : "–"}</dd>
        <dt>To be scored</dt>
        <dd>{count(estimate?.selected_count)}</dd>
        <dt>Calls to judges</dt>
        <dd>{estimate === undefined ? "–" : `at most ${count(estimate.call_count)}`}</dd>
        <dt>Cost</dt>
        <dd>{estimate === undefined ? "–" : costText(estimate)}</dd>
      </dl>
      <p className={styles.hint}>
        {estimate?.basis ??
          (body === null ? "Choose a metric to see what it takes." : isPending ? "Reckoning…" : "")}
      </p>
      {estimate?.notes.map((note) => (
        <p key={note} role="note" className={styles.hint}>
          {note}
        </p>
      ))}
    </>
  );
}

/** The same, to be done by a script. */
export function Commands({ body }: { body: NewEvaluation }) {
  const [language, setLanguage] = useState<"command" | "python">("command");
  const text = language === "command" ? commandOf(body) : programOf(body);
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row spread">
        <div className="row">
          <button
            type="button"
            className="button small"
            aria-pressed={language === "command"}
            onClick={() => setLanguage("command")}
          >
            Command
          </button>
          <button
            type="button"
            className="button small"
            aria-pressed={language === "python"}
            onClick={() => setLanguage("python")}
          >
            Python
          </button>
        </div>
        <CopyButton text={text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <pre className={styles.command} tabIndex={0}>
        {text}
      </pre>
    </div>
  );
}
