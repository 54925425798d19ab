import type { Message } from "@/pages/prompts/template";

/** Recorded inputs: messages by OpenTelemetry's conventions or OpenAI's, a function's arguments, or plain text. */

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of a message's content: text itself, or its parts that are text. */
function contentOf(message: Json): string {
  const content = message.content ?? message.parts;
  if (typeof content === "string") return content;
  if (!Array.isArray(content))
    return content === undefined || content === null ? "" : JSON.stringify(content);
  const texts = content.map((part) => {
    if (typeof part === "string") return part;
    if (!isObject(part)) return "";
    if (typeof part.content === "string") return part.content;
    if (typeof part.text === "string") return part.text;
    // A tool's result is text for the model, too; images and calls of tools have no place in a template.
    return part.response === undefined ? "" : String(part.response);
  });
  return texts.filter((one) => one !== "").join("\n");
}

/** The messages of a recorded input; null where it is no chat. */
export function messagesIn(input: string): Message[] | null {
  const value = parsed(input);
  const list = Array.isArray(value)
    ? value
    : isObject(value) && Array.isArray(value.messages)
      ? value.messages
      : null;
  if (list === null || list.length === 0) return null;
  if (!list.every((one): one is Json => isObject(one) && typeof one.role === "string")) return null;
  return list
    .map((one) => ({ role: String(one.role), content: contentOf(one) }))
    .filter((message) => message.content !== "");
}

/** The input as one text: of a chat, what the user said last. */
export function textIn(input: string): string {
  const messages = messagesIn(input);
  if (messages !== null) return messages.findLast((message) => message.role === "user")?.content ?? input;
  const value = parsed(input);
  if (typeof value === "string") return value;
  const members = isObject(value) ? Object.values(value) : [];
  return members.length === 1 && typeof members[0] === "string" ? members[0] : input;
}

/** Values of a template's variables in a recorded input: arguments of the same names, else the whole for one of them. */
export function valuesIn(
  input: string,
  variables: readonly string[],
  variable: string,
): Record<string, string> {
  const value = parsed(input);
  if (isObject(value)) {
    const shared = variables.filter((name) => value[name] !== undefined && value[name] !== null);
    if (shared.length > 0)
      return Object.fromEntries(
        shared.map((name) => [
          name,
          typeof value[name] === "string" ? value[name] : JSON.stringify(value[name]),
        ]),
      );
  }
  return { [variable]: textIn(input) };
}
