import { answer, api } from "@/api/client";
import { boundsOf, type Period } from "@/api/period";
import { messagesIn, valuesIn } from "@/pages/prompts/recorded";
import { newRow, type Row } from "@/pages/prompts/rows";

export const MAX_RECORDED = 100;

/** What is taken of a trace: its input for a variable, or the messages of its first call to a language model. */
export type Kind = "variable" | "messages";

interface Wanted {
  filter: string;
  modelId: string;
  period: Period;
  limit: number;
  kind: Kind;
  /** Gets the input where it names none of the variables itself. */
  variable: string;
}

interface Line {
  trace_id: string;
  input: string | null;
  start_time: string;
}

type Query = {
  filter?: string;
  model_id?: string;
  start?: string;
  end?: string;
  trace_id?: string[];
  page_rows?: number;
};

async function exported(rows: "traces" | "spans", query: Query, signal?: AbortSignal): Promise<Line[]> {
  const asked = { ...query, rows, format: "jsonl" as const, columns: ["trace_id", "input", "start_time"] };
  const text = await answer(
    api.GET("/v1/traces/export", { params: { query: asked }, parseAs: "text", signal }),
  );
  return String(text)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

/** Rows made of recorded traces, newest first; traces without an input of the wanted kind are left out. */
export async function recordedRows(
  wanted: Wanted,
  variables: readonly string[],
  signal?: AbortSignal,
): Promise<Row[]> {
  const { filter, modelId, limit } = wanted;
  const query = { filter, model_id: modelId, ...boundsOf(wanted.period), page_rows: limit };
  const traces = (await exported("traces", query, signal)).slice(0, limit);
  if (wanted.kind === "variable")
    return traces
      .filter((line) => line.input !== null && line.input !== "")
      .map(({ trace_id, input }) =>
        newRow(valuesIn(input ?? "", variables, wanted.variable), { sourceTraceId: trace_id }),
      );
  if (traces.length === 0) return [];
  const ids = traces.map((line) => line.trace_id);
  const calls = await exported(
    "spans",
    { filter: "operation IN ('chat', 'generate_content')", trace_id: ids },
    signal,
  );
  calls.sort((a, b) => (a.start_time < b.start_time ? -1 : 1));
  return ids.flatMap((id) => {
    const call = calls.find((line) => line.trace_id === id);
    const messages = messagesIn(call?.input ?? "");
    return messages === null || messages.length === 0 ? [] : [newRow({}, { messages, sourceTraceId: id })];
  });
}
