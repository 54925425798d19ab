import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { ProblemError } from "@/api/problem";
import type { Shown } from "@/pages/evaluations/Results";
import { Scroll } from "@/pages/evaluations/Scroll";
import styles from "@/pages/evaluations/Trust.module.css";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, percent, score } from "@/ui/format";
import { Loading } from "@/ui/Loading";

type Agreement = Schemas["AgreementAnswer"];
type Estimate = Schemas["Estimate"];

const FIGURES = [
  ["accuracy", "Accuracy", "Share of traces of which both say the same"],
  ["kappa", "Cohen's kappa", "Agreement beyond chance: 1 is perfect, 0 is chance"],
  ["weighted_kappa", "Weighted kappa", "Off by two counts four times as much as off by one"],
  ["spearman", "Spearman", "Whether both rank the answers alike"],
  ["bias", "Bias", "The judge's score less the people's: above 0 the judge is too kind"],
  ["bias_and_length", "Bias and length", "Above 0, long answers impress the judge"],
] as const;

function FigureRow({ name, meaning, estimate }: { name: string; meaning: string; estimate: Estimate }) {
  return (
    <tr>
      <th scope="row" className={styles.name}>
        {name}
        <span className="muted">{meaning}</span>
      </th>
      <td className="number">{score(estimate.value)}</td>
      <td className="number">
        {estimate.lower === null ? "–" : `${score(estimate.lower)} to ${score(estimate.upper)}`}
      </td>
    </tr>
  );
}

function Figures({ found }: { found: Agreement }) {
  return (
    <Scroll label="Figures">
      <table className="plain-table">
        <caption>
          {found.judge} against people's {found.human}: {count(found.count)} traces
        </caption>
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col" className="number">
              Value
            </th>
            <th scope="col" className="number">
              {percent(found.confidence)} interval
            </th>
          </tr>
        </thead>
        <tbody>
          {FIGURES.filter(([key]) => found[key].value !== null).map(([key, name, meaning]) => (
            <FigureRow key={key} name={name} meaning={meaning} estimate={found[key]} />
          ))}
          {[...found.by_length, ...found.by_position].map((group) => (
            <FigureRow
              key={group.name}
              name={`Bias: ${group.name}`}
              meaning={`${count(group.count)} traces`}
              estimate={group.bias}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Confusion({ found }: { found: Agreement }) {
  if (found.classes.length === 0) return null;
  const most = Math.max(1, ...found.confusion.flat());
  return (
    <Scroll label="Confusion">
      <table className={`plain-table ${styles.confusion}`}>
        <caption>How often each word of the people met each of the judge</caption>
        <thead>
          <tr>
            <th scope="col">people ↓ judge →</th>
            {found.classes.map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.confusion.map((cells, row) => (
            <tr key={found.classes[row]}>
              <th scope="row">{found.classes[row]}</th>
              {cells.map((cell, column) => (
                <td
                  key={found.classes[column]}
                  className={`number ${row === column ? styles.same : ""}`}
                  style={{
                    backgroundColor: `color-mix(in srgb, var(--accent) ${(cell / most) * 22}%, transparent)`,
                  }}
                >
                  {cell === 0 ? <span className="muted">0</span> : count(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Disagreements({ found }: { found: Agreement }) {
  const those = found.disagreements.filter(({ judge, human }) => judge !== human);
  if (those.length === 0) return <p className="muted">They say the same of every trace.</p>;
  return (
    <Scroll label="Disagreements">
      <table className="plain-table">
        <caption>Where they differ most: read these, and mend the judge's prompt</caption>
        <thead>
          <tr>
            <th scope="col">Trace</th>
            <th scope="col" className="number">
              Judge
            </th>
            <th scope="col" className="number">
              People
            </th>
            <th scope="col">The judge's justification</th>
          </tr>
        </thead>
        <tbody>
          {those.map((one) => (
            <tr key={one.trace_id}>
              <td>
                <Link to="/traces/$traceId" params={{ traceId: one.trace_id }} className="mono">
                  {one.trace_id.slice(0, 8)}
                </Link>
              </td>
              <td className="number">{typeof one.judge === "number" ? score(one.judge) : one.judge}</td>
              <td className="number">{typeof one.human === "number" ? score(one.human) : one.human}</td>
              <td className={styles.why}>{one.justification ?? <span className="muted">none given</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function NameField({ value, onSubmit }: { value: string; onSubmit: (name: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(text.trim());
      }}
    >
      <label className="row">
        with people's
        <input
          className="field"
          value={text}
          onChange={({ target }) => setText(target.value)}
          onBlur={() => text.trim() !== value && onSubmit(text.trim())}
        />
      </label>
    </form>
  );
}

/** Whether a metric of the evaluation says what people say of the same traces. */
export default function AgreementTab({ subject, metrics, search, onSearch }: Shown) {
  const judge = search.judge ?? (metrics.find(({ scorer }) => scorer !== "") ?? metrics[0])?.name ?? "";
  const human = search.human ?? judge;
  const found = useQuery({
    queryKey: ["agreement", subject.id, judge, human],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/agreement", {
          params: { query: { judge, human, evaluation_id: subject.id, limit: 50 } },
          signal,
        }),
      ),
    enabled: judge !== "",
    placeholderData: keepPreviousData,
    retry: false,
  });
  const { error } = found;
  const isNothing =
    error instanceof ProblemError && error.members.type === "urn:spanfold:problem:nothing-to-compare";
  return (
    <div className="stack">
      <div className="row">
        <label className="row">
          Compare
          <select
            className="field"
            value={judge}
            onChange={({ target }) => onSearch({ judge: target.value, human: search.human })}
          >
            {metrics.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <NameField
          value={human}
          onSubmit={(name) => onSearch({ human: name === judge ? undefined : name })}
        />
      </div>
      {found.isPending && <Loading heightPx={300} />}
      {isNothing && (
        <Empty title={`Nobody has said ${human} of these traces`}>
          <p>
            {error.message}. Open a trace and add feedback of this name, or name other feedback above. 50
            traces show a bad judge, some hundreds tell two good ones apart.
          </p>
          <Link
            to="/traces"
            search={{ filter: `scores['${judge.replaceAll("'", "''")}'] IS NOT NULL` }}
            className="button"
          >
            Traces to score
          </Link>
        </Empty>
      )}
      {error !== null && !isNothing && <ErrorBox error={error} onRetry={() => void found.refetch()} />}
      {found.data && error === null && (
        <>
          <p>
            Agreement: <strong>{found.data.strength}</strong>
          </p>
          {found.data.notes.map((note) => (
            <p key={note} role="note" className={styles.note}>
              {note}
            </p>
          ))}
          <div className={styles.two}>
            <Figures found={found.data} />
            <Confusion found={found.data} />
          </div>
          <Disagreements found={found.data} />
        </>
      )}
    </div>
  );
}
