import { useMemo } from "react";
import { aggregatesOf, shown as aggregateText } from "@/pages/evaluations/aggregates";
import { barsOf } from "@/pages/evaluations/histogram";
import styles from "@/pages/evaluations/MetricCards.module.css";
import type { Shown } from "@/pages/evaluations/Results";
import { figuresOf, type Metric, type Row } from "@/pages/evaluations/rows";
import type { Score } from "@/pages/evaluations/scoreStream";
import { count, percent, score } from "@/ui/format";

interface BarProps {
  name: string;
  share: number;
  isChosen: boolean;
  onChoose: () => void;
  text: string;
}

function VerticalBar({ name, share, isChosen, onChoose, text }: BarProps) {
  return (
    <button
      type="button"
      className={styles.column}
      aria-pressed={isChosen}
      aria-label={text}
      title={text}
      onClick={onChoose}
    >
      <span className={styles.fill} style={{ height: `${Math.max(share * 100, share > 0 ? 2 : 0)}%` }} />
      <span className="visually-hidden">{name}</span>
    </button>
  );
}

function LabelBar({ name, share, isChosen, onChoose, text }: BarProps) {
  return (
    <button
      type="button"
      className={styles.label}
      aria-pressed={isChosen}
      aria-label={text}
      onClick={onChoose}
    >
      <span className="ellipsis">{name}</span>
      <span className={styles.labelTrack}>
        <span className={styles.labelFill} style={{ width: `${share * 100}%` }} />
      </span>
      <span className="number">{percent(share)}</span>
    </button>
  );
}

const MAX_LABELS = 8;

function Labels({
  metric,
  scores,
  search,
  onSearch,
}: Pick<Shown, "search" | "onSearch"> & { metric: Metric; scores: Score[] }) {
  const { labels, count: total } = figuresOf(scores);
  return (
    <div className={styles.labels}>
      {labels.slice(0, MAX_LABELS).map(([label, rows]) => {
        const isChosen = search.by === metric.name && search.label === label;
        return (
          <LabelBar
            key={label}
            name={label}
            share={rows / total}
            isChosen={isChosen}
            text={`${label}: ${count(rows)} rows. ${isChosen ? "Show all rows" : "Show these rows"}`}
            onChoose={() =>
              onSearch(
                isChosen
                  ? { by: undefined, label: undefined }
                  : { by: metric.name, label, from: undefined, to: undefined, tab: "rows" },
              )
            }
          />
        );
      })}
      {labels.length > MAX_LABELS && <p className="muted">and {labels.length - MAX_LABELS} more labels</p>}
    </div>
  );
}

function Histogram({
  metric,
  scores,
  search,
  onSearch,
}: Pick<Shown, "search" | "onSearch"> & { metric: Metric; scores: Score[] }) {
  const values = useMemo(() => scores.flatMap(({ value }) => (value === null ? [] : [value])), [scores]);
  const bars = useMemo(() => barsOf(values), [values]);
  const isSingle = bars.every(({ from, to }) => from === to);
  const lowest = useMemo(() => values.reduce((low, value) => Math.min(low, value), Infinity), [values]);
  const highest = useMemo(() => values.reduce((high, value) => Math.max(high, value), -Infinity), [values]);
  const most = Math.max(...bars.map((bar) => bar.count));
  return (
    <div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame */}
      <div
        className={`${styles.columns} ${isSingle ? styles.single : ""}`}
        role="group"
        aria-label={`Distribution of ${metric.name}`}
      >
        {bars.map(({ from, to, count: rows }) => {
          const isChosen = search.by === metric.name && search.from === from && search.to === to;
          const name = from === to ? score(from) : `${score(from)} to ${score(to)}`;
          return (
            <VerticalBar
              key={from}
              name={name}
              share={rows / most}
              isChosen={isChosen}
              text={`${name}: ${count(rows)} rows. ${isChosen ? "Show all rows" : "Show these rows"}`}
              onChoose={() =>
                onSearch(
                  isChosen
                    ? { by: undefined, from: undefined, to: undefined }
                    : { by: metric.name, from, to, label: undefined, tab: "rows" },
                )
              }
            />
          );
        })}
      </div>
      <div className={isSingle ? styles.under : styles.ends} aria-hidden="true">
        {isSingle ? (
          bars.map(({ from }) => <span key={from}>{score(from)}</span>)
        ) : (
          <>
            <span>{score(lowest)}</span>
            <span>{score(highest)}</span>
          </>
        )}
      </div>
    </div>
  );
}

const BETTER = new Map<boolean | null, string>([
  [true, "more is better"],
  [false, "less is better"],
]);

function MetricCard({ metric, ...shown }: Shown & { metric: Metric }) {
  const { name } = metric;
  const scores = useMemo(
    () => shown.rows.flatMap((row: Row) => row.scores[name] ?? []).filter(({ error }) => error === null),
    [shown.rows, name],
  );
  const failed = useMemo(
    () => shown.rows.filter((row) => row.scores[name]?.error != null).length,
    [shown.rows, name],
  );
  const numbers = aggregatesOf(metric, shown.subject.aggregates);
  const mean = numbers[0] ?? (shown.subject.isMonitor ? meanOf(scores) : undefined);
  const isLabelled = scores.length > 0 && scores.every(({ label }) => label !== null);
  return (
    <article className={`card ${styles.card}`} aria-label={name}>
      <div className="row spread">
        <h2 title={metric.scorer === "" ? undefined : `judged by ${metric.scorer}`}>{name}</h2>
        <span className="muted">{BETTER.get(metric.greaterIsBetter) ?? ""}</span>
      </div>
      <p className={styles.figure}>
        <strong>{mean === undefined ? "–" : aggregateText(mean)}</strong> {mean?.name}
        <span className="muted">
          {numbers.slice(1, 4).map((one) => ` · ${one.name} ${aggregateText(one)}`)} · {count(scores.length)}{" "}
          scores
          {failed > 0 && ", "}
        </span>
        {failed > 0 && (
          <button
            type="button"
            className={styles.failed}
            onClick={() => shown.onSearch({ failed: shown.search.failed ? undefined : true, tab: "rows" })}
          >
            {count(failed)} failed
          </button>
        )}
      </p>
      {scores.length > 0 &&
        (isLabelled ? (
          <Labels metric={metric} scores={scores} search={shown.search} onSearch={shown.onSearch} />
        ) : (
          <Histogram metric={metric} scores={scores} search={shown.search} onSearch={shown.onSearch} />
        ))}
    </article>
  );
}

function meanOf(scores: Score[]) {
  const { mean } = figuresOf(scores);
  return mean === null ? undefined : { name: "mean", value: mean, isShare: false };
}

/** Each metric: what its scores come to, and how they are distributed. A bar shows its rows. */
export function MetricCards(shown: Shown) {
  return (
    <div className={styles.cards}>
      {shown.metrics.map((metric) => (
        <MetricCard key={metric.name} metric={metric} {...shown} />
      ))}
    </div>
  );
}
