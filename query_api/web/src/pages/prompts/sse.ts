/** Server-sent events of a streamed chat completion, as OpenAI's protocol has them. */

/** What one event adds. */
interface Delta {
  text: string;
  finishReason: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  /** Names of tools that the model wants called. */
  toolCalls: { index: number; name: string; arguments: string }[];
  /** What the server says went wrong after the stream had begun. */
  error: string | null;
  isDone: boolean;
}

const NOTHING: Delta = {
  text: "",
  finishReason: null,
  inputTokens: null,
  outputTokens: null,
  toolCalls: [],
  error: null,
  isDone: false,
};

/** The data of the events that are whole in a buffer, and what is left for the next piece. */
export function eventsIn(buffer: string): { events: string[]; rest: string } {
  // A piece may end between the two characters of a line's end: that one is decided by the next piece.
  const isCut = buffer.endsWith("\r");
  const parts = (isCut ? buffer.slice(0, -1) : buffer).replace(/\r\n|\r/g, "\n").split("\n\n");
  const rest = (parts.pop() ?? "") + (isCut ? "\r" : "");
  const events = parts.map((part) =>
    part
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5).replace(/^ /, ""))
      .join("\n"),
  );
  return { events: events.filter((event) => event !== ""), rest };
}

type Json = Record<string, unknown>;

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function whole(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

/** The message of an error in OpenAI's form; null where it is none. */
export function errorIn(value: unknown): string | null {
  const { error } = object(value);
  if (error === undefined || error === null) return null;
  return text(error) || text(object(error).message) || "the server sent an error without words";
}

/** What an event's data says. What cannot be read is an error, never silence. */
export function deltaOf(data: string): Delta {
  if (data.trim() === "[DONE]") return { ...NOTHING, isDone: true };
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    return { ...NOTHING, error: "the stream held something that is no JSON" };
  }
  const error = errorIn(parsed);
  if (error !== null) return { ...NOTHING, error };
  const body = object(parsed);
  const choice = object(Array.isArray(body.choices) ? body.choices[0] : null);
  const delta = object(choice.delta);
  const calls = Array.isArray(delta.tool_calls) ? delta.tool_calls.map(object) : [];
  const usage = object(body.usage);
  return {
    text: text(delta.content) || text(delta.refusal),
    finishReason: text(choice.finish_reason) || null,
    inputTokens: whole(usage.prompt_tokens),
    outputTokens: whole(usage.completion_tokens),
    toolCalls: calls.map((call) => ({
      index: whole(call.index) ?? 0,
      name: text(object(call.function).name),
      arguments: text(object(call.function).arguments),
    })),
    error: null,
    isDone: false,
  };
}
