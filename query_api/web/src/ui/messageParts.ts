import { imageOf, isRecord, type Part, prettyJson, type Value } from "@/ui/messageTypes";

/** A decoded JSON text, or the text itself where it is none. */
export function opened(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{"]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function string(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : prettyJson(value);
}

/** The text of a tool's answer: text, parts of type text, or any JSON. */
function resultText(value: unknown): string {
  if (typeof value === "string") {
    const inside = opened(value);
    return typeof inside === "object" && inside !== null ? prettyJson(inside) : value;
  }
  if (Array.isArray(value) && value.length > 0 && value.every((part) => isRecord(part) && isText(part)))
    return value.map((part) => string(part.text ?? part.content)).join("\n");
  return string(value);
}

function isText(part: Value): boolean {
  return part.type === "text" || part.type === "input_text" || part.type === "output_text";
}

function call(id: unknown, name: unknown, args: unknown): Part {
  const value = opened(args);
  return { kind: "tool_call", id: string(id), name: string(name), text: string(value) };
}

function result(id: unknown, value: unknown): Part {
  return { kind: "tool_result", id: string(id), text: resultText(value) };
}

function reasoning(value: unknown): Part {
  return { kind: "reasoning", text: string(value) };
}

/** Where an image is: `url`, `{url}`, `{type: "base64", media_type, data}` or `{mime_type, content}`. */
function image(value: unknown): Part {
  if (typeof value === "string") return imageOf(value);
  if (!isRecord(value)) return imageOf("");
  if (value.url !== undefined) return imageOf(string(value.url));
  const mime = string(value.media_type ?? value.mime_type);
  const data = value.data ?? value.content;
  return typeof data === "string"
    ? imageOf(`data:${mime};base64,${data}`)
    : imageOf(string(value.uri ?? value.file_id));
}

function isImage(part: Value): boolean {
  return part.modality === "image" || string(part.mime_type).startsWith("image/");
}

type Reader = (part: Value) => Part;
const READERS: Readonly<Record<string, Reader>> = {
  // OpenTelemetry's conventions
  tool_call: (part) => call(part.id, part.name, part.arguments),
  tool_call_response: (part) => result(part.id, part.response ?? part.result),
  reasoning: (part) =>
    reasoning(part.content ?? textOf(part.summary) ?? part.text ?? "(not given by the provider)"),
  blob: (part) => (isImage(part) ? image(part) : other(part)),
  uri: (part) => (isImage(part) ? image(part) : other(part)),
  file: (part) => (isImage(part) ? image(part) : other(part)),
  // OpenAI
  image_url: (part) => image(part.image_url),
  input_image: (part) => image(part.image_url ?? part.file_id),
  refusal: (part) => ({ kind: "text", text: string(part.refusal) }),
  function_call: (part) => call(part.call_id ?? part.id, part.name, part.arguments),
  function_call_output: (part) => result(part.call_id, part.output),
  // Anthropic
  image: (part) => image(part.source ?? part.image ?? part),
  thinking: (part) => reasoning(part.thinking),
  redacted_thinking: () => reasoning("(hidden by the provider)"),
  tool_use: (part) => call(part.id, part.name, part.input),
  tool_result: (part) => result(part.tool_use_id, part.content),
};

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map((part) => (isRecord(part) ? string(part.text) : string(part))).join("\n");
}

function other(part: Value): Part {
  return { kind: "other", type: string(part.type), text: prettyJson(part) };
}

/** One part or content block, of whichever provider. */
function partOf(value: unknown): Part {
  if (!isRecord(value)) return { kind: "text", text: string(value) };
  const type = string(value.type);
  if (isText(value)) return { kind: "text", text: string(value.content ?? value.text) };
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  return read === undefined ? other(value) : read(value);
}

/** The parts of one message: those of its content, and the tools that it calls or answers. */
export function partsOf(message: Value): Part[] {
  const { parts, content, tool_calls: calls, tool_call_id: callId, type } = message;
  if (Array.isArray(parts)) return parts.map(partOf);
  if (callId !== undefined && callId !== null) return [result(callId, content)];
  if (typeof type === "string" && Object.hasOwn(READERS, type) && message.role === undefined)
    return [partOf(message)];
  const found: Part[] = [];
  if (typeof message.reasoning_content === "string") found.push(reasoning(message.reasoning_content));
  if (Array.isArray(content)) found.push(...content.map(partOf));
  else if (content !== null && content !== undefined && content !== "") found.push(partOf(content));
  if (typeof message.refusal === "string") found.push({ kind: "text", text: message.refusal });
  for (const one of Array.isArray(calls) ? calls : []) {
    if (!isRecord(one)) continue;
    const asked = isRecord(one.function) ? one.function : one;
    found.push(call(one.id, asked.name, asked.arguments ?? asked.args));
  }
  return found;
}
