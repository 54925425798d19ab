import { fetched } from "@/api/fetched";
import { LostServerError } from "@/api/problem";

/** One score of an evaluation, as the stream of `/v1/evaluations/{evaluation_id}/scores` has it. */
export interface Score {
  trace_id: string;
  span_id: string;
  model_id: string;
  name: string;
  value: number | null;
  label: string | null;
  explanation: string | null;
  error: string | null;
  input_hash: string | null;
  cost_usd: number | null;
  calls: number | null;
  scorer: string | null;
  source: string | null;
}

/** Scores, and whether the stream was left before its end. */
export interface Scores {
  scores: Score[];
  isCut: boolean;
}

/** What the page takes at most: of one metric, and of all together. */
export const MAX_ROWS = 10_000;
const MAX_CHARS = 48_000_000;

const COLUMNS = [
  "trace_id",
  "span_id",
  "model_id",
  "name",
  "value",
  "label",
  "explanation",
  "error",
  "input_hash",
  "cost_usd",
  "calls",
  "scorer",
  "source",
].join(",");

/** The lines of a text that comes in pieces. Ends after `maxLines`, or where `maxChars` are passed. */
export async function readLines(
  pieces: AsyncIterable<string>,
  maxLines: number,
  maxChars: number,
): Promise<{ lines: string[]; chars: number; isCut: boolean }> {
  const lines: string[] = [];
  let rest = "";
  let chars = 0;
  for await (const piece of pieces) {
    chars += piece.length;
    const found = (rest + piece).split("\n");
    rest = found.pop() ?? "";
    for (const line of found) if (line !== "") lines.push(line);
    if (lines.length > maxLines || chars > maxChars) {
      return { lines: lines.slice(0, maxLines), chars, isCut: true };
    }
  }
  if (rest.trim() !== "") throw new LostServerError(); // the last line has no end: the stream broke off
  return { lines, chars, isCut: false };
}

async function* textsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The address of all scores: of one metric, or of all; `arrow` for programs. */
export function scoresUrl(evaluationId: string, query: Record<string, string>): string {
  const search = new URLSearchParams(query);
  return `/v1/evaluations/${encodeURIComponent(evaluationId)}/scores?${search}`;
}

async function opened(url: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await fetched(url, signal);
  if (response.body === null) throw new LostServerError();
  return response.body;
}

/**
 * The scores of these metrics, at most MAX_ROWS of each, metric after metric: the server allows few streams.
 *
 * @throws ProblemError when the server refuses.
 * @throws LostServerError when it does not answer, or the stream breaks off.
 */
export async function readScores(
  evaluationId: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Scores> {
  const scores: Score[] = [];
  let chars = 0;
  let isCut = false;
  for (const name of names) {
    const body = await opened(scoresUrl(evaluationId, { name, columns: COLUMNS }), signal);
    const read = await readLines(textsOf(body), MAX_ROWS, MAX_CHARS - chars);
    for (const line of read.lines) scores.push(JSON.parse(line) as Score);
    chars += read.chars;
    isCut ||= read.isCut;
  }
  return { scores, isCut };
}
