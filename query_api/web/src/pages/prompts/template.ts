/** Templates as registered prompts have them: text, or messages, in which `{{ name }}` stands for a variable. */

export const ROLES = ["system", "developer", "user", "assistant", "tool"] as const;
export type Role = (typeof ROLES)[number];

export interface Message {
  role: string;
  content: string;
}

export type Template = string | Message[];

/** As the server reads them: a name begins with a letter or `_`, and may be of any script. */
const VARIABLE = /\{\{\s*([\p{L}\p{Nl}_][\p{L}\p{N}\p{Mn}\p{Mc}_]*)\s*\}\}/gu;

function texts(template: Template): string[] {
  return typeof template === "string" ? [template] : template.map((message) => message.content);
}

/** The names of a template's variables in the order in which they come, each once. */
export function variablesOf(template: Template): string[] {
  return [
    ...new Set(texts(template).flatMap((text) => [...text.matchAll(VARIABLE)].map(([, name]) => name ?? ""))),
  ];
}

/** Text with values in place of those variables that have one. What is put in is not looked at again. */
export function filledText(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(VARIABLE, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? "") : whole,
  );
}

/** Whether there is anything in it to send. */
export function isBlank(template: Template): boolean {
  return texts(template).every((text) => text.trim() === "");
}

const INSTRUCTIONS: ReadonlySet<string> = new Set(["system", "developer"]);

/**
 * The messages of a request: the template's, filled, and then the row's own.
 *
 * As in the gateway, a template of one text is the user's message, or the system's where the row has messages.
 * Where the template gives instructions, those that were recorded with the row are left out: it replaces them.
 */
export function messagesOf(
  template: Template,
  values: Readonly<Record<string, string>>,
  own: readonly Message[] = [],
): Message[] {
  const filled: Message[] =
    typeof template === "string"
      ? [{ role: own.length > 0 ? "system" : "user", content: filledText(template, values) }]
      : template.map(({ role, content }) => ({ role, content: filledText(content, values) }));
  const first = filled.filter((message) => message.content.trim() !== "");
  const hasInstructions = first.some((message) => INSTRUCTIONS.has(message.role));
  return [...first, ...own.filter((message) => !(hasInstructions && INSTRUCTIONS.has(message.role)))];
}

/** The other form of a template, with nothing lost that has a place there. */
export function asChat(template: Template): Message[] {
  return typeof template === "string" ? [{ role: "user", content: template }] : template;
}

export function asText(template: Template): string {
  return texts(template)
    .filter((text) => text !== "")
    .join("\n\n");
}
