import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { useModelName } from "@/pages/evaluations/NamedModel";
import type { Shown } from "@/pages/evaluations/Results";
import { metricsOf, titleOf } from "@/pages/evaluations/rows";
import { Scroll } from "@/pages/evaluations/Scroll";
import styles from "@/pages/evaluations/Trust.module.css";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { ago, count, percent, score } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Messages } from "@/ui/Messages";
import { Status } from "@/ui/Status";

type Comparison = Schemas["EvaluationComparisonAnswer"];
type Compared = Schemas["ComparedMetric"];
type Pair = Schemas["ChangedPair"];

const OFFERED = 100;
const PAIRS = 10;

function signed(value: number | null): string {
  return value === null ? "–" : `${value > 0 ? "+" : value < 0 ? "−" : ""}${score(Math.abs(value))}`;
}

/** What is compared: as the address says, else the first two versions that the evaluation was made for. */
function sidesOf({ id, modelIds }: Shown["subject"], search: Shown["search"]): { a: string; b: string } {
  const [first, second] = modelIds;
  if (search.other === undefined && first !== undefined && second !== undefined)
    return { a: first, b: second };
  return { a: search.other ?? "", b: search.mine ?? id };
}

/** The ID if it is one of a version, else nothing. */
function modelIdOf(id: string): string {
  return id.startsWith("e-") ? "" : id;
}

function Picker({ subject, metrics, search, onSearch }: Shown) {
  const found = useQuery({
    queryKey: ["evaluations", "offers"],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/evaluations", { params: { query: { status: ["FINISHED"], limit: OFFERED } }, signal }),
      ),
  });
  const names = new Set(metrics.map(({ name }) => name));
  const offered = (found.data?.evaluations ?? []).filter(
    (one) =>
      one.evaluation_id !== subject.id &&
      one.source === "traces" &&
      metricsOf(one.metrics).some(({ name }) => names.has(name)),
  );
  const { a, b } = sidesOf(subject, search);
  const [nameOfA, nameOfB] = [useModelName(modelIdOf(a)), useModelName(modelIdOf(b))];
  const isOffered = offered.some(({ evaluation_id }) => evaluation_id === a);
  return (
    <div className="row">
      <label className={`row ${styles.picker}`}>
        From
        <select
          className={`field ${styles.pick}`}
          value={a}
          onChange={({ target }) => onSearch({ other: target.value || undefined, mine: undefined })}
        >
          {a === "" && <option value="">an earlier evaluation that shares a metric…</option>}
          {a !== "" && !isOffered && <option value={a}>{nameOfA ?? a}</option>}
          {offered.map((one) => (
            <option key={one.evaluation_id} value={one.evaluation_id}>
              {titleOf(one)} · {ago(one.start_time)}
            </option>
          ))}
        </select>
      </label>
      <span className={styles.picked}>
        to {b === subject.id ? "this one" : (nameOfB ?? <code>{b}</code>)}
      </span>
      {found.error !== null && <ErrorBox error={found.error} />}
    </div>
  );
}

function Side({ side }: { side: Schemas["ComparedEvaluation"] }) {
  const model = useModelName(side.model_id ?? "");
  return <>{model ?? side.name}</>;
}

function Metrics({
  found,
  chosen,
  onChoose,
}: {
  found: Comparison;
  chosen: string | undefined;
  onChoose: (name: string) => void;
}) {
  return (
    <Scroll label="Metrics compared">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" className="number">
              <Side side={found.a} />
            </th>
            <th scope="col" className="number">
              <Side side={found.b} />
            </th>
            <th scope="col">Verdict</th>
            <th scope="col" className="number">
              Change
            </th>
            <th scope="col" className="number">
              {percent(found.confidence)} interval
            </th>
            <th scope="col">Effect</th>
            <th scope="col">From</th>
            <th scope="col">
              <span className="visually-hidden">Inputs that changed</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {found.metrics.map((one) => (
            <MetricRow
              key={one.metric}
              one={one}
              hasRows={(found.rows[one.metric] ?? []).length > 0}
              isChosen={chosen === one.metric}
              onChoose={() => onChoose(one.metric)}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function MetricRow({
  one,
  hasRows,
  isChosen,
  onChoose,
}: {
  one: Compared;
  hasRows: boolean;
  isChosen: boolean;
  onChoose: () => void;
}) {
  return (
    <tr>
      <th scope="row">{one.metric}</th>
      <td className="number">{score(one.mean_a)}</td>
      <td className="number">{score(one.mean_b)}</td>
      <td>
        <Status status={one.verdict} />
      </td>
      <td className="number">{signed(one.difference)}</td>
      <td className="number">{one.lower === null ? "–" : `${signed(one.lower)} to ${signed(one.upper)}`}</td>
      <td>{one.effect === null ? "–" : one.effect.size}</td>
      <td title={`${one.method}; ${one.test}`}>
        {one.paired ? `${count(one.count_a)} pairs` : `${count(one.count_a)} and ${count(one.count_b)} rows`}
        {one.verdict === "no evidence" && one.detectable !== null && (
          <span className="muted"> · would find {score(one.detectable)}</span>
        )}
      </td>
      <td className="number">
        {hasRows && (
          <button type="button" className="button small" aria-pressed={isChosen} onClick={onChoose}>
            Rows
          </button>
        )}
      </td>
    </tr>
  );
}

function Output({
  name,
  traceId,
  value,
  isMean,
  text,
}: {
  name: string;
  traceId: string;
  value: number;
  isMean: boolean;
  text: string | null;
}) {
  return (
    <div className="stack" style={{ gap: 6 }}>
      <div className="row spread">
        <h3>
          {name}: {score(value)}
          {isMean && <span className="muted"> on average, such as</span>}
        </h3>
        <Link to="/traces/$traceId" params={{ traceId }}>
          Open trace <span className="mono">{traceId.slice(0, 8)}</span>
        </Link>
      </div>
      <Messages text={text} label={`Output of ${name}`} />
    </div>
  );
}

function Pairs({ metric, pairs, found }: { metric: string; pairs: readonly Pair[]; found: Comparison }) {
  const isMean = found.metrics.some((one) => one.metric === metric && one.repeats);
  return (
    <section className={styles.pairs} aria-label={`Rows by ${metric}`}>
      <h2>{metric}: the inputs that changed most</h2>
      {pairs.map((pair) => (
        <details key={`${pair.trace_id_a} ${pair.trace_id_b}`} className={`card ${styles.pair}`}>
          <summary>
            <span className="number">
              {score(pair.score_a)} → {score(pair.score_b)}
            </span>
            <span className="ellipsis">
              {pair.inputs ?? <span className="muted">no input recorded</span>}
            </span>
          </summary>
          <div className={styles.outputs}>
            <Output
              name={found.a.name}
              traceId={pair.trace_id_a}
              value={pair.score_a}
              isMean={isMean}
              text={pair.outputs_a}
            />
            <Output
              name={found.b.name}
              traceId={pair.trace_id_b}
              value={pair.score_b}
              isMean={isMean}
              text={pair.outputs_b}
            />
          </div>
        </details>
      ))}
    </section>
  );
}

/** Whether this evaluation is better than another one, metric by metric, and which rows make the difference. */
export default function CompareTab(shown: Shown) {
  const { subject, search } = shown;
  const [chosen, setChosen] = useState<string>();
  const { a, b } = sidesOf(subject, search);
  const compared = useQuery({
    queryKey: ["evaluation comparison", a, b],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/evaluations/compare", { params: { query: { a, b, rows: PAIRS } }, signal })),
    enabled: a !== "",
    retry: false,
  });
  const found = compared.data;
  const metric = chosen ?? found?.metrics.find(({ metric }) => (found.rows[metric] ?? []).length > 0)?.metric;
  return (
    <div className="stack">
      <Picker {...shown} />
      {a === "" && (
        <Empty title="Better, worse, or chance?">
          <p>Choose an evaluation. Where both saw the same inputs, these are compared one by one.</p>
        </Empty>
      )}
      {a !== "" && compared.isPending && <Loading heightPx={240} />}
      {compared.error !== null && <ErrorBox error={compared.error} onRetry={() => void compared.refetch()} />}
      {found && (
        <>
          <Metrics found={found} chosen={metric} onChoose={setChosen} />
          {found.notes.map((note) => (
            <p key={note} className="muted" role="note">
              {note}
            </p>
          ))}
          {metric !== undefined && <Pairs metric={metric} pairs={found.rows[metric] ?? []} found={found} />}
        </>
      )}
    </div>
  );
}
