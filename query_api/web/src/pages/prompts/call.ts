import { LostServerError } from "@/api/problem";
import type { Cell, Plan } from "@/pages/prompts/cells";
import type { Row } from "@/pages/prompts/rows";
import { deltaOf, errorIn, eventsIn } from "@/pages/prompts/sse";
import { messagesOf } from "@/pages/prompts/template";

const PATH = "/gateway/v1/chat/completions";
/** More than an endpoint takes by default (120 s). */
const SILENT_AFTER_MS = 150_000;
const MAX_TEXT_CHARS = 200_000;
const TRACE_RESPONSE = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The body of a request: by a registered version where it says the same, else spelled out. */
function bodyOf(plan: Plan, row: Row, endpoint: string): Record<string, unknown> {
  const asked = { model: endpoint, stream: true, stream_options: { include_usage: true }, ...plan.members };
  // A version's name stands for its messages only where they all are sent: rows may bring instructions of their own.
  if (plan.uri !== null && row.messages === undefined) {
    const variables = Object.fromEntries(plan.variables.map((name) => [name, row.values[name] ?? ""]));
    return { ...asked, prompt: { id: plan.uri, variables } };
  }
  return { ...asked, messages: messagesOf(plan.template, row.values, row.messages) };
}

/** What to do about an answer that is none, where the server's own words do not say it. */
function adviceOf(status: number, code: string | null): string {
  if (code === "model_not_found") return "The gateway's file has changed: load the page anew.";
  if (code === "provider_refused_key") return "Check the key that the gateway's file names.";
  if (code === "spend_limit_reached")
    return "Raise `spend` in the gateway's file, or wait for the next period.";
  if (status === 429) return "Wait a moment, then retry this cell.";
  if (status === 404) return "Is the gateway still running? Start it with --gateway-config FILE.";
  if (status === 502 || status === 503) return "The provider may be down: retry, or choose another endpoint.";
  if (status === 504) return "Retry, or raise `timeout_s` of the endpoint.";
  return "";
}

function codeIn(body: unknown): string | null {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : null;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return typeof code === "string" ? code : null;
}

async function refusalOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null);
  const said = errorIn(body) ?? `the server answered ${response.status}`;
  const wait = response.headers.get("Retry-After");
  const advice =
    wait !== null && response.status === 429
      ? `Retry in ${wait} s.`
      : adviceOf(response.status, codeIn(body));
  return advice === "" ? said : `${said.replace(/[.\s]*$/, "")}. ${advice}`;
}

function factsOf(headers: Headers, endpoint: string): Partial<Cell> {
  const answeredBy = headers.get("spanfold-endpoint");
  return {
    traceId: TRACE_RESPONSE.exec(headers.get("traceresponse") ?? "")?.[1] ?? null,
    modelId: headers.get("spanfold-model-id"),
    answeredBy: answeredBy === endpoint ? null : answeredBy,
  };
}

/** Reads a stream to its end and tells of each part. Returns what went wrong, or null. */
async function read(
  stream: ReadableStream<Uint8Array>,
  startedMs: number,
  onUpdate: (update: Partial<Cell>) => void,
  onLife: () => void,
): Promise<string | null> {
  const reader = stream.getReader();
  const decoder = new TextDecoder(); // half a character waits for the next piece
  const calls = new Map<number, string>(); // the provider chooses the numbers
  let [buffer, text, isDone] = ["", "", false];
  while (!isDone) {
    const piece = await reader.read();
    onLife();
    if (piece.done) break;
    const { events, rest } = eventsIn(buffer + decoder.decode(piece.value, { stream: true }));
    buffer = rest;
    const update: Partial<Cell> = {};
    for (const delta of events.map(deltaOf)) {
      if (delta.error !== null) {
        onUpdate(update);
        await reader.cancel(); // it would hold one of the browser's few connections
        return delta.error;
      }
      isDone ||= delta.isDone;
      text += delta.text;
      for (const call of delta.toolCalls)
        calls.set(call.index, `${calls.get(call.index) ?? (call.name && `${call.name} `)}${call.arguments}`);
      if (delta.finishReason !== null) update.finishReason = delta.finishReason;
      if (delta.inputTokens !== null) update.inputTokens = delta.inputTokens;
      if (delta.outputTokens !== null) update.outputTokens = delta.outputTokens;
      if ((delta.text !== "" || delta.toolCalls.length > 0) && startedMs >= 0) {
        update.timeToFirstTokenMs = performance.now() - startedMs;
        startedMs = -1;
      }
    }
    update.text = text + [...calls.values()].map((call) => `\n[calls ${call}]`).join("");
    onUpdate(update);
    if (update.text.length > MAX_TEXT_CHARS || buffer.length > MAX_TEXT_CHARS) {
      await reader.cancel();
      return `more than ${MAX_TEXT_CHARS} characters: set max tokens to bound the answer`;
    }
  }
  return isDone ? null : "the stream ended before the answer did: retry this cell";
}

/** Asks an endpoint once and tells of the answer as it comes. Never throws; stopped by the signal. */
export async function call(
  plan: Plan,
  row: Row,
  endpoint: string,
  signal: AbortSignal,
  onUpdate: (update: Partial<Cell>) => void,
): Promise<void> {
  const startedMs = performance.now();
  const silence = new AbortController();
  let timer = 0;
  const onLife = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => silence.abort(), SILENT_AFTER_MS);
  };
  const end = (update: Partial<Cell>) =>
    onUpdate({ ...update, latencyMs: performance.now() - startedMs, endedAtMs: Date.now() });
  try {
    onLife();
    const response = await fetch(PATH, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(bodyOf(plan, row, endpoint)),
      signal: AbortSignal.any([signal, silence.signal]),
    });
    onUpdate(factsOf(response.headers, endpoint));
    if (!response.ok || response.body === null) end({ state: "failed", error: await refusalOf(response) });
    else {
      const error = await read(response.body, startedMs, onUpdate, onLife);
      end(error === null ? { state: "done" } : { state: "failed", error });
    }
  } catch {
    if (signal.aborted) end({ state: "stopped" });
    else if (silence.signal.aborted)
      end({
        state: "failed",
        error: `nothing came for ${SILENT_AFTER_MS / 1000} s: retry, or choose another endpoint`,
      });
    else end({ state: "failed", error: new LostServerError().message });
  } finally {
    clearTimeout(timer);
  }
}
