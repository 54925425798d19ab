import { fetched } from "@/api/fetched";
import { boundsOf } from "@/api/period";
import { type Asked, queryOf, type Trace } from "@/pages/traces/traceList";
import { pythonText } from "@/ui/quoting";
import { csvValue } from "@/ui/saving";

/** Rows of one export to CSV; JSON lines have no limit, since the server streams them. */
export const MAX_CSV_ROWS = 10_000;
/** As many rows as one condition can name. */
export const MAX_CHOSEN = 100;

const CSV_COLUMNS = [
  "start_time",
  "trace_id",
  "name",
  "model_id",
  "service_name",
  "status",
  "status_message",
  "latency_ms",
  "input_tokens",
  "output_tokens",
  "cost_usd",
  "user_id",
  "conversation_id",
  "input",
  "output",
] as const;

/** The filter that finds exactly these traces. */
export function filterOf(traceIds: readonly string[]): string {
  return `trace_id IN (${traceIds.map((id) => `'${id}'`).join(", ")})`;
}

/** Where the server streams all that matches, or the chosen ones, as JSON lines. */
export function exportUrl(
  asked: Asked,
  chosen: readonly string[],
  parameters: Record<string, string>,
): string {
  const { order_by: _, ...query } = queryOf(asked);
  const all = new URLSearchParams(parameters);
  for (const [name, value] of Object.entries(query)) if (value) all.append(name, value);
  for (const id of chosen) all.append("trace_id", id);
  return `/v1/traces/export?${all}`;
}

export type Row = Partial<Record<(typeof CSV_COLUMNS)[number], unknown>>;

/** A table for spreadsheets. */
export function csvOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => CSV_COLUMNS.map((column) => csvValue(row[column])).join(","));
  return `${[CSV_COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

/** The newest rows that match, as CSV, up to {@link MAX_CSV_ROWS}. */
export async function fetchCsv(
  asked: Asked,
  chosen: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const parameters = { format: "jsonl", page_rows: String(MAX_CSV_ROWS) };
  const response = await fetched(exportUrl(asked, chosen, parameters), signal);
  const text = await response.text();
  const rows = text
    .split("\n")
    .filter((line) => line !== "")
    .slice(0, MAX_CSV_ROWS);
  return csvOf(rows.map((line) => JSON.parse(line) as Row));
}

/** A program that finds the same traces. */
export function pythonOf(asked: Asked, chosen: readonly string[], endpoint: string): string {
  const filter = chosen.length > 0 ? filterOf(chosen) : asked.filter;
  const { start, end } = chosen.length > 0 ? {} : boundsOf(asked);
  const given: string[] = [];
  if (filter) given.push(`filter_string=${pythonText(filter)}`);
  // Without a version, the default is the active experiment alone.
  given.push(asked.model_id ? `model_id=${pythonText(asked.model_id)}` : "experiment_ids=[]");
  if (start) given.push(`start=${pythonText(start)}`);
  if (end) given.push(`end=${pythonText(end)}`);
  if (asked.order_by) given.push(`order_by=[${pythonText(asked.order_by)}]`);
  return [
    "# pip install spanfold",
    `# export SPANFOLD_ENDPOINT=${endpoint}`,
    "import spanfold",
    "",
    "traces = spanfold.search_traces(",
    ...given.map((argument) => `    ${argument},`),
    ")",
    "print(traces)",
    "",
  ].join("\n");
}

/** The versions of rows, in their order, each once. */
export function versionsOf(traces: Iterable<Trace>): string[] {
  return [...new Set([...traces].map((trace) => trace.model_id).filter((id) => id !== ""))];
}
