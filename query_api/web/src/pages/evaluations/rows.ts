import type { EvaluationSearch } from "@/pages/evaluations/evaluationSearch";
import { isWithin } from "@/pages/evaluations/histogram";
import type { Score } from "@/pages/evaluations/scoreStream";

/** What an evaluation says of one trace: the score of each metric, by the metric's name. */
export interface Row {
  key: string;
  traceId: string;
  spanId: string;
  modelId: string;
  scores: Record<string, Score>;
}

/** A metric as the page knows it. */
export interface Metric {
  /** Name of its scores. */
  name: string;
  /** What its aggregates begin with: `exact_match/v1`. */
  key: string;
  greaterIsBetter: boolean | null;
  /** Model of a judge; empty for others. */
  scorer: string;
}

const ID_CHARS = 10;

/** What to call an evaluation: its name; where nobody gave it one, its ID is that, and is shortened. */
export function titleOf({ evaluation_id, name }: { evaluation_id: string; name: string }): string {
  return name === evaluation_id ? `Evaluation ${evaluation_id.slice(0, ID_CHARS)}` : name;
}

/** The metrics of an evaluation, as its events describe them. */
export function metricsOf(described: readonly Record<string, unknown>[]): Metric[] {
  return described.map((one) => {
    const key = typeof one.key === "string" ? one.key : String(one.name ?? "");
    return {
      name: key.split("/")[0] ?? key,
      key,
      greaterIsBetter: typeof one.greater_is_better === "boolean" ? one.greater_is_better : null,
      scorer: typeof one.scorer === "string" ? one.scorer : "",
    };
  });
}

/** A row for each trace, and version that it entered, in the order of the scores. */
export function rowsOf(scores: readonly Score[]): Row[] {
  const rows = new Map<string, Row>();
  for (const score of scores) {
    const key = `${score.trace_id}-${score.span_id}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = { key, traceId: score.trace_id, spanId: score.span_id, modelId: score.model_id, scores: {} };
      rows.set(key, row);
    }
    row.scores[score.name] = score;
  }
  return [...rows.values()];
}

type Condition = Pick<EvaluationSearch, "by" | "from" | "to" | "label" | "failed" | "model_id">;

function isShown(row: Row, asked: Condition): boolean {
  if (asked.model_id !== undefined && row.modelId !== asked.model_id) return false;
  if (asked.failed && !Object.values(row.scores).some(({ error }) => error !== null)) return false;
  if (asked.by === undefined) return true;
  const score = row.scores[asked.by];
  if (score === undefined || score.error !== null) return false;
  if (asked.label !== undefined) return score.label === asked.label;
  const { value } = score;
  if (asked.from === undefined || asked.to === undefined) return true;
  return value !== null && isWithin(value, asked.from, asked.to);
}

/** The rows that meet what is asked. */
export function filtered(rows: readonly Row[], asked: Condition): Row[] {
  return rows.filter((row) => isShown(row, asked));
}

/** What rows are ordered by if nobody says: the first metric, the worst rows first. */
export function sortOf(
  asked: string | undefined,
  metrics: readonly Metric[],
): { name: string; isDown: boolean } {
  if (asked !== undefined) {
    return asked.startsWith("-") ? { name: asked.slice(1), isDown: true } : { name: asked, isDown: false };
  }
  const first = metrics[0];
  return { name: first?.name ?? "", isDown: first?.greaterIsBetter === false };
}

/** Rows by the score of one metric: numbers, then labels; rows without a score come last either way. */
export function sorted(rows: readonly Row[], name: string, isDown: boolean): Row[] {
  const direction = isDown ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [left, right] = [a.scores[name], b.scores[name]];
    const [x, y] = [left?.value ?? null, right?.value ?? null];
    if (x !== null && y !== null) return (x - y) * direction;
    if (x !== null || y !== null) return x === null ? 1 : -1;
    const [k, l] = [left?.label ?? null, right?.label ?? null];
    if (k !== null && l !== null) return (k < l ? -1 : k > l ? 1 : 0) * direction;
    return k === l ? 0 : k === null ? 1 : -1;
  });
}

/** Scores of one metric, added up: of a version, or of all. */
export interface Figures {
  count: number;
  failed: number;
  mean: number | null;
  labels: [string, number][];
}

export function figuresOf(scores: readonly (Score | undefined)[]): Figures {
  let sum = 0;
  let numbers = 0;
  let count = 0;
  let failed = 0;
  const labels = new Map<string, number>();
  for (const score of scores) {
    if (score === undefined) continue;
    if (score.error !== null) {
      failed += 1;
      continue;
    }
    count += 1;
    if (score.value !== null) {
      sum += score.value;
      numbers += 1;
    }
    if (score.label !== null) labels.set(score.label, (labels.get(score.label) ?? 0) + 1);
  }
  const byCount = [...labels].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return { count, failed, mean: numbers > 0 ? sum / numbers : null, labels: byCount };
}
