import type { Schemas } from "@/api/client";

export type Parameter = Schemas["MetricParameter"];

/** What a field holds for this value: text as it is, and the rest as JSON. */
export function parameterText(value: unknown): string {
  if (typeof value !== "string") return value === undefined || value === null ? "" : JSON.stringify(value);
  return value;
}

/** A value, or what is wrong with the text. */
export type Read = { value: unknown } | { fault: string };

function numberOf(text: string, isWhole: boolean): Read {
  const value = Number(text);
  if (Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return { value };
  return { fault: isWhole ? "a whole number, such as 3" : "a number, such as 0.5" };
}

/** JSON; lines of text where it does not look like JSON: one is a text, several are a list of them. */
function jsonOf(text: string): Read {
  if (/^[[{"]/.test(text)) {
    try {
      return { value: JSON.parse(text) };
    } catch (error) {
      return { fault: `this is no JSON: ${error instanceof Error ? error.message : ""}` };
    }
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    const lines = text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    return { value: lines.length === 1 ? lines[0] : lines };
  }
}

/** What the text of a field means; undefined where nothing is said, so that the default counts. */
export function readParameter(type: Parameter["type"], text: string): Read | undefined {
  if (text.trim() === "") return undefined;
  switch (type) {
    case "text":
      return { value: text };
    case "boolean":
      return { value: text === "true" };
    case "integer":
    case "number":
      return numberOf(text.trim(), type === "integer");
    case "json":
      return jsonOf(text.trim());
  }
}
