import { count, UNKNOWN } from "@/ui/format";

/** What a grid of calls holds: columns of endpoints, rows of values, and a cell for each call. */

export interface Score {
  name: string;
  value: number | null;
  label: string;
  explanation: string;
}

type CellState = "waiting" | "running" | "done" | "failed" | "stopped";

export interface Cell {
  state: CellState;
  text: string;
  /** What went wrong, and what to do about it. */
  error: string | null;
  traceId: string | null;
  /** The endpoint that answered, where it is not the one that was asked. */
  answeredBy: string | null;
  modelId: string | null;
  finishReason: string | null;
  latencyMs: number | null;
  timeToFirstTokenMs: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
  costUsd: number | null;
  scores: Score[];
  /** Whether its trace has been found; cost and scores are known from then on. */
  isRecorded: boolean;
  /** Milliseconds since 1970. */
  endedAtMs: number | null;
  /** The row as it was sent. */
  sent: string;
}

export interface Column {
  id: string;
  endpoint: string;
  /** What was asked: "greeting/3", or "draft". */
  prompt: string;
  /** Stays when another run begins. */
  isKept: boolean;
  /** Everything of a request but what the row says, so that a cell can be asked again. */
  plan: Plan;
}

/** What is asked of every row. */
export interface Plan {
  template: string | { role: string; content: string }[];
  variables: string[];
  members: Record<string, unknown>;
  /** The registered version that says the same, such as `prompts:/greeting/3`: its traces then name it. */
  uri: string | null;
}

export const EMPTY_CELL: Cell = {
  state: "waiting",
  text: "",
  error: null,
  traceId: null,
  answeredBy: null,
  modelId: null,
  finishReason: null,
  latencyMs: null,
  timeToFirstTokenMs: null,
  inputTokens: null,
  outputTokens: null,
  costUsd: null,
  scores: [],
  isRecorded: false,
  endedAtMs: null,
  sent: "",
};

export function isOver(cell: Cell): boolean {
  return cell.state === "done" || cell.state === "failed" || cell.state === "stopped";
}

export interface Totals {
  callCount: number;
  errorCount: number;
  latencyP50Ms: number | null;
  latencyMaxMs: number | null;
  timeToFirstTokenP50Ms: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
  costUsd: number | null;
  /** Calls whose cost is in the sum. */
  costCount: number;
  scores: { name: string; mean: number | null; count: number }[];
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values: readonly (number | null)[]): number | null {
  const sorted = known(values).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1] ?? 0, sorted[Math.floor(half)] ?? 0];
  return (low + high) / 2;
}

function sum(values: readonly (number | null)[]): number | null {
  const found = known(values);
  return found.length === 0 ? null : found.reduce((a, b) => a + b, 0);
}

/** The sums of a column, over the calls that are over. */
export function totalsOf(cells: readonly Cell[]): Totals {
  const over = cells.filter(isOver);
  const done = over.filter((cell) => cell.state === "done");
  const names = [...new Set(over.flatMap((cell) => cell.scores.map((score) => score.name)))].sort();
  const latencies = known(done.map((cell) => cell.latencyMs));
  return {
    callCount: over.length,
    errorCount: over.filter((cell) => cell.state === "failed").length,
    latencyP50Ms: median(latencies),
    latencyMaxMs: latencies.length === 0 ? null : Math.max(...latencies),
    timeToFirstTokenP50Ms: median(done.map((cell) => cell.timeToFirstTokenMs)),
    inputTokens: sum(over.map((cell) => cell.inputTokens)),
    outputTokens: sum(over.map((cell) => cell.outputTokens)),
    costUsd: sum(over.map((cell) => cell.costUsd)),
    costCount: known(over.map((cell) => cell.costUsd)).length,
    scores: names.map((name) => {
      const scores = over.flatMap((cell) => cell.scores.filter((score) => score.name === name));
      const values = known(scores.map((score) => score.value));
      return {
        name,
        count: scores.length,
        mean: values.length === 0 ? null : (sum(values) ?? 0) / values.length,
      };
    }),
  };
}

/** "120 in, 45 out". */
export function tokens(input: number | null, output: number | null): string {
  return input === null && output === null ? UNKNOWN : `${count(input)} in, ${count(output)} out`;
}
