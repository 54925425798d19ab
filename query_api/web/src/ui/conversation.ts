import { opened, partsOf } from "@/ui/messageParts";
import { type Content, isRecord, type Message, prettyJson, type Value } from "@/ui/messageTypes";

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Of one item of OpenAI's Responses API that has no role of its own. */
const ROLES: Readonly<Record<string, string>> = {
  function_call: "assistant",
  reasoning: "assistant",
  function_call_output: "tool",
};

function isMessage(value: unknown): value is Value {
  if (!isRecord(value)) return false;
  if (typeof value.type === "string" && Object.hasOwn(ROLES, value.type) && value.role === undefined)
    return true;
  const says = value.parts ?? value.content ?? value.tool_calls;
  return typeof value.role === "string" && (says !== undefined || value.content === null);
}

function messageOf(value: Value, finishReason: unknown = value.finish_reason ?? value.stop_reason): Message {
  const parts = partsOf(value);
  const said = text(value.role) || ROLES[text(value.type)] || "";
  // Anthropic's API has the answers of tools in messages of the user.
  const isAnswers = parts.length > 0 && parts.every((part) => part.kind === "tool_result");
  return {
    role: isAnswers ? "tool" : said,
    name: text(value.name),
    finishReason: text(finishReason),
    parts,
  };
}

function list(values: unknown): Message[] | null {
  if (!Array.isArray(values) || values.length === 0 || !values.every(isMessage)) return null;
  return values.map((value) => messageOf(value));
}

/** A request's body: instructions apart from the messages. */
function request(value: Value): Message[] | null {
  const asked = value.messages ?? value.input;
  const found = typeof asked === "string" ? [messageOf({ role: "user", content: asked })] : list(asked);
  if (found === null) return null;
  const instructions = value.system ?? value.instructions;
  // `{input: "…"}` alone is any function's argument, not a request.
  if (typeof asked === "string" && instructions === undefined && value.model === undefined) return null;
  return instructions === undefined || instructions === null || instructions === ""
    ? found
    : [messageOf({ role: "system", content: instructions }), ...found];
}

/** A response's body: OpenAI's choices, the output of its Responses API, or Anthropic's message. */
function response(value: Value): Message[] | null {
  if (Array.isArray(value.choices)) {
    const choices = value.choices.filter(isRecord).filter((choice) => isMessage(choice.message));
    const found = choices.map((choice) => messageOf(choice.message as Value, choice.finish_reason));
    return found.length > 0 ? found : null;
  }
  if (Array.isArray(value.output)) return list(value.output);
  return isMessage(value) ? [messageOf(value)] : null;
}

/**
 * What a recorded input or output is: a conversation in the form of OpenTelemetry's conventions, OpenAI's or
 * Anthropic's API; other JSON, indented; or plain text. Pure, and never throws.
 */
export function contentOf(recorded: string): Content {
  try {
    return told(recorded, opened(recorded));
  } catch {
    return { kind: "text", text: recorded }; // JSON that is nested too deeply to be written anew
  }
}

function told(recorded: string, value: unknown): Content {
  if (typeof value !== "object" || value === null)
    return { kind: "text", text: typeof value === "string" ? value : recorded };
  // LangChain batches conversations: [[message, …]].
  const inner = Array.isArray(value) && value.length === 1 && Array.isArray(value[0]) ? value[0] : value;
  const messages = list(inner) ?? (isRecord(inner) ? (request(inner) ?? response(inner)) : null);
  return messages === null ? { kind: "json", text: prettyJson(value) } : { kind: "messages", messages };
}

/** The whole of it as one readable text, roles above what they say. */
export function plainText(content: Content): string {
  if (content.kind !== "messages") return content.text;
  return content.messages
    .map((message) => {
      const said = message.parts.map((part) => {
        if (part.kind === "tool_call") return `[calls ${part.name}] ${part.text}`;
        if (part.kind === "tool_result") return `[result] ${part.text}`;
        if (part.kind === "image") return `[image] ${part.text}`;
        return part.kind === "reasoning" ? `[reasoning] ${part.text}` : part.text;
      });
      return `${message.role || "unknown"}:\n${said.join("\n")}`;
    })
    .join("\n\n");
}
