import type { Node, Span } from "@/pages/trace/tree";

const SLICE_MS = 8;

/** Whether a text that is searched for occurs, whatever its case. */
export function patternOf(text: string): RegExp | null {
  const asked = text.trim();
  return asked === "" ? null : new RegExp(asked.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "iu");
}

function inAttributes(attributes: Readonly<Record<string, unknown>>, pattern: RegExp): boolean {
  for (const key in attributes) if (pattern.test(key) || pattern.test(String(attributes[key]))) return true;
  return false;
}

/** Whether a span's name, IDs, texts, attributes or events have it. */
export function matches(span: Span, pattern: RegExp): boolean {
  const { name, span_id, span_type, service_name, request_model, status_message, input, output } = span;
  for (const text of [name, span_id, span_type, service_name, request_model, status_message, input, output])
    if (text !== null && pattern.test(text)) return true;
  return (
    inAttributes(span.attributes, pattern) ||
    span.events.some((event) => pattern.test(event.name) || inAttributes(event.attributes, pattern))
  );
}

/** Lets the browser answer keys and draw, then goes on. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Indexes of the spans that match, in their order. Works in slices of 8 ms; null when it was called off. */
export async function find(
  nodes: readonly Node[],
  text: string,
  signal: AbortSignal,
): Promise<number[] | null> {
  const pattern = patternOf(text);
  const found: number[] = [];
  if (pattern === null) return found;
  let untilMs = performance.now() + SLICE_MS;
  for (const node of nodes) {
    if (matches(node.span, pattern)) found.push(node.index);
    if (performance.now() < untilMs) continue;
    await pause();
    if (signal.aborted) return null;
    untilMs = performance.now() + SLICE_MS;
  }
  return signal.aborted ? null : found;
}

/** The next of `indexes` (in any order of their own) after the chosen one, round and round; null: there is none. */
export function nextOf(indexes: readonly number[], chosen: number, step: 1 | -1): number | null {
  if (indexes.length === 0) return null;
  const at = indexes.indexOf(chosen);
  if (at >= 0) return indexes[(at + step + indexes.length) % indexes.length] ?? null;
  const beyond = indexes.filter((index) => (step === 1 ? index > chosen : index < chosen));
  const nearest = step === 1 ? beyond[0] : beyond.at(-1);
  return nearest ?? (step === 1 ? indexes[0] : indexes.at(-1)) ?? null;
}
