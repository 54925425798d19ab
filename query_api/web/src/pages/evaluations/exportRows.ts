import type { Row } from "@/pages/evaluations/rows";
import { csvValue } from "@/ui/saving";

const FIELDS = ["value", "label", "explanation", "error", "cost_usd", "scorer"] as const;

/** A row as a flat object: `trace_id`, `model_id`, and `<metric>/score`, `/label`, ... as result tables have them. */
function flat(row: Row, names: readonly string[]): Record<string, string | number | null> {
  const made: Record<string, string | number | null> = {
    trace_id: row.traceId,
    span_id: row.spanId,
    model_id: row.modelId,
  };
  for (const name of names) {
    const score = row.scores[name];
    for (const field of FIELDS) {
      const column = field === "value" ? "score" : field === "explanation" ? "justification" : field;
      made[`${name}/${column}`] = score?.[field] ?? null;
    }
  }
  return made;
}

/** The rows as lines of JSON. */
export function asJsonLines(rows: readonly Row[], names: readonly string[]): string {
  return rows.map((row) => `${JSON.stringify(flat(row, names))}\n`).join("");
}

/** The rows as CSV with a head. Columns in which no row has a value are left out. */
export function asCsv(rows: readonly Row[], names: readonly string[]): string {
  const made = rows.map((row) => flat(row, names));
  const columns = Object.keys(made[0] ?? { trace_id: null }).filter(
    (column) => column === "trace_id" || made.some((one) => one[column] !== null),
  );
  const lines = made.map((one) => columns.map((column) => csvValue(one[column])).join(","));
  return [columns.map(csvValue).join(","), ...lines].map((line) => `${line}\r\n`).join("");
}
