import { answer, api, type Schemas } from "@/api/client";
import { type Cell, isOver } from "@/pages/prompts/cells";
import { type GridState, keyOf } from "@/pages/prompts/grid";
import { EXPECTED, type Row } from "@/pages/prompts/rows";

export type Metric = Schemas["MetricDescription"];

const TARGETS = "targets";
/** What the trace of a call of the workbench has for metrics. */
const HAS: ReadonlySet<string> = new Set([
  "predictions",
  "inputs",
  "latency_ms",
  "output_tokens",
  "cost_usd",
  TARGETS,
]);
const SENT_AT_ONCE = 4;
/** Parameters that need more than a line of a form: such metrics are started from the page of evaluations. */
const FORM_TYPES: ReadonlySet<string> = new Set(["text", "integer", "number"]);

export function needsTarget(metric: Metric): boolean {
  return metric.needs.includes(TARGETS);
}

/** The metrics that answers of the workbench can be scored by. */
export function usable(metrics: readonly Metric[]): Metric[] {
  return metrics.filter(
    (metric) =>
      metric.unavailable === null &&
      metric.needs.every((name) => HAS.has(name)) &&
      !["classification", "regression"].includes(metric.kind) &&
      requiredOf(metric).every(
        (parameter) => FORM_TYPES.has(parameter.type) || parameter.name === "guidelines",
      ),
  );
}

export function requiredOf(metric: Metric): Metric["parameters"] {
  return metric.parameters.filter((parameter) => parameter.is_required);
}

/** A metric as an evaluation takes it. Guidelines are written a line each. */
export function specOf(
  metric: Metric,
  given: Readonly<Record<string, string>>,
  judge: string,
): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const { name, type } of requiredOf(metric)) {
    const text = given[name] ?? "";
    if (type === "json") parameters[name] = text.split("\n").filter((line) => line.trim() !== "");
    else parameters[name] = type === "text" ? text : Number(text);
  }
  if (metric.is_paid && judge !== "") parameters.model = judge;
  return { name: metric.name, parameters };
}

/** The cells that can be scored: done, and with a trace. With what each row says would have been right. */
export function answersIn(
  state: GridState,
  rows: readonly Row[],
): { traceId: string; expected: string; cell: Cell }[] {
  return rows.flatMap((row) =>
    state.columns.flatMap((column) => {
      const cell = state.cells[keyOf(row.id, column.id)];
      if (cell === undefined || !isOver(cell) || cell.state !== "done" || cell.traceId === null) return [];
      return [{ traceId: cell.traceId, expected: row.values[EXPECTED] ?? "", cell }];
    }),
  );
}

/** Record right answers, some at a time. Each is durable when this returns. */
export async function sendExpectations(
  answers: readonly { traceId: string; expected: string }[],
): Promise<void> {
  const waiting = answers.filter((one) => one.expected !== "");
  const send = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await answer(
        api.POST("/v1/traces/{trace_id}/expectations", {
          params: { path: { trace_id: next.traceId } },
          body: { name: EXPECTED, value: next.expected },
        }),
      );
  };
  await Promise.all(Array.from({ length: SENT_AT_ONCE }, send));
}
