import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "@/api/client";
import type { GridState } from "@/pages/prompts/grid";
import type { Row } from "@/pages/prompts/rows";
import { EXPECTED } from "@/pages/prompts/rows";
import {
  answersIn,
  type Metric,
  needsTarget,
  requiredOf,
  sendExpectations,
  specOf,
  usable,
} from "@/pages/prompts/scoring";
import { CHAT, useEndpoints } from "@/pages/prompts/useEndpoints";
import styles from "@/pages/prompts/Workbench.module.css";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, usd } from "@/ui/format";
import { Loading } from "@/ui/Loading";

interface ChoiceProps {
  metric: Metric;
  isChosen: boolean;
  isDisabled: boolean;
  given: Readonly<Record<string, string>>;
  onChoose: () => void;
  onGive: (given: Record<string, string>) => void;
}

function Choice({ metric, isChosen, isDisabled, given, onChoose, onGive }: ChoiceProps) {
  return (
    <li>
      <label className={styles.choice}>
        <input type="checkbox" checked={isChosen} disabled={isDisabled} onChange={onChoose} />
        <span className={styles.choiceText}>
          <strong>{metric.name}</strong> <span className="muted">{metric.description}</span>
        </span>
      </label>
      {isChosen &&
        requiredOf(metric).map((parameter) => (
          <label key={parameter.name} className={styles.labelled}>
            {parameter.name}
            {parameter.type === "json" ? ", one a line" : ""}
            <textarea
              className="field"
              rows={parameter.type === "json" || parameter.name.includes("prompt") ? 3 : 1}
              title={parameter.description}
              value={given[parameter.name] ?? ""}
              onChange={({ target }) => onGive({ ...given, [parameter.name]: target.value })}
            />
          </label>
        ))}
    </li>
  );
}

/** Judges can ask an endpoint of this gateway. */
function JudgePicker({ value, onChange }: { value: string; onChange: (judge: string) => void }) {
  const { data } = useEndpoints();
  const chats = (data ?? []).filter((endpoint) => endpoint.endpoint_type === CHAT);
  return (
    <label className="row">
      Judge
      <select className="field" value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="">the server's (SPANFOLD_JUDGE_MODEL)</option>
        {chats.map(({ name }) => (
          <option key={name} value={`endpoints:/${name}`}>
            endpoint {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What the judges' calls would cost, asked for once a judge is chosen. */
function Estimate({ traceIds, metrics }: { traceIds: string[]; metrics: Record<string, unknown>[] }) {
  const { data, error } = useQuery({
    queryKey: ["prompts", "estimate", traceIds, metrics],
    retry: false,
    queryFn: ({ signal }) =>
      answer(
        api.POST("/v1/evaluations/estimate", {
          body: { selection: { trace_ids: traceIds }, metrics },
          signal,
        }),
      ),
  });
  if (error) return <p className={styles.fault}>{error.message}</p>;
  if (data === undefined) return <p className="muted">Estimating…</p>;
  const cost =
    data.cost_usd === null
      ? "a cost that is not known"
      : `${usd(data.cost_usd.low)} to ${usd(data.cost_usd.high)}`;
  return (
    <p className="muted">
      Up to {count(data.call_count)} calls to judges, about {cost}.
    </p>
  );
}

interface Props {
  state: GridState;
  rows: readonly Row[];
  onStarted: (evaluationId: string) => void;
}

function Form({ state, rows, onStarted }: Props) {
  const metrics = useQuery({
    queryKey: ["metrics"],
    queryFn: ({ signal }) => answer(api.GET("/v1/metrics", { signal })),
  });
  const [chosen, setChosen] = useState<Record<string, Record<string, string>>>({});
  const [judge, setJudge] = useState("");
  const answers = answersIn(state, rows);
  const hasExpected = answers.some((one) => one.expected !== "");
  const all = usable(metrics.data?.metrics ?? []);
  const picked = all.filter((metric) => chosen[metric.name] !== undefined);
  const specs = picked.map((metric) => specOf(metric, chosen[metric.name] ?? {}, judge));
  const isComplete = picked.every((metric) =>
    requiredOf(metric).every(({ name }) => (chosen[metric.name]?.[name] ?? "").trim() !== ""),
  );
  const traceIds = answers.map((one) => one.traceId);
  const starting = useMutation({
    mutationFn: async () => {
      if (picked.some(needsTarget)) await sendExpectations(answers);
      const body = { selection: { trace_ids: traceIds }, metrics: specs };
      return answer(api.POST("/v1/evaluations", { body: body }));
    },
    onSuccess: (evaluation) => onStarted(evaluation.evaluation_id),
  });
  if (metrics.error) return <ErrorBox error={metrics.error} onRetry={() => void metrics.refetch()} />;
  if (metrics.data === undefined) return <Loading heightPx={240} />;
  const group = (title: string, note: string, of: Metric[]) =>
    of.length > 0 && (
      <fieldset className={styles.fieldset}>
        <legend>{title}</legend>
        {note !== "" && <p className="muted">{note}</p>}
        <ul className={styles.metrics}>
          {of.map((metric) => (
            <Choice
              key={metric.name}
              metric={metric}
              isChosen={chosen[metric.name] !== undefined}
              isDisabled={needsTarget(metric) && !hasExpected}
              given={chosen[metric.name] ?? {}}
              onChoose={() =>
                setChosen(({ [metric.name]: known, ...others }) =>
                  known === undefined ? { ...others, [metric.name]: {} } : others,
                )
              }
              onGive={(given) => setChosen({ ...chosen, [metric.name]: given })}
            />
          ))}
        </ul>
      </fieldset>
    );
  const isJudge = (metric: Metric) => metric.kind === "judge";
  const expectedNote = hasExpected ? "" : `They need a column ${EXPECTED} with the right answer of each row.`;
  return (
    <div className="stack">
      {group(
        "Of the answer alone",
        "",
        all.filter((one) => !isJudge(one) && !needsTarget(one)),
      )}
      {group(
        "Against the right answer",
        expectedNote,
        all.filter((one) => !isJudge(one) && needsTarget(one)),
      )}
      {group("By a language model", "", all.filter(isJudge))}
      {picked.some(isJudge) && (
        <>
          <JudgePicker value={judge} onChange={setJudge} />
          {isComplete && <Estimate traceIds={traceIds} metrics={specs} />}
        </>
      )}
      {starting.error && <ErrorBox error={starting.error} />}
      <div className={styles.foot}>
        <span className="muted">{count(answers.length)} answers are scored.</span>
        <button
          type="button"
          className="button primary"
          disabled={picked.length === 0 || !isComplete || starting.isPending}
          onClick={() => starting.mutate()}
        >
          {starting.isPending ? "Starting…" : "Score"}
        </button>
      </div>
    </div>
  );
}

/** A dialog that starts an evaluation of the answers in the grid. */
export function ScoreDialog({ state, rows, onStarted }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const answers = answersIn(state, rows);
  const isRecorded = answers.every((one) => one.cell.isRecorded);
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={answers.length === 0 || !isRecorded}
        title={isRecorded ? undefined : "The traces of these answers are being recorded"}
        onClick={() => setIsOpen(true)}
      >
        {answers.length > 0 && !isRecorded ? "Score: recording…" : "Score"}
      </button>
      <Dialog title="Score the answers" isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <Form
          state={state}
          rows={rows}
          onStarted={(evaluationId) => {
            setIsOpen(false);
            onStarted(evaluationId);
          }}
        />
      </Dialog>
    </>
  );
}
