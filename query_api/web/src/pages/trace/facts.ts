import type { Span } from "@/pages/trace/tree";
import { opened } from "@/ui/messageParts";
import { isRecord, prettyJson, type Value } from "@/ui/messageTypes";

const NS_PER_MS = 1e6;
/** OpenInference's event at the first piece of a stream. */
const FIRST_TOKEN_EVENT = "First Token Stream Event";

/** Milliseconds until the first piece of a streamed answer came; null where nobody recorded it. */
export function timeToFirstChunkMs(span: Span): number | null {
  const told = Number(span.attributes["gen_ai.response.time_to_first_chunk"] ?? Number.NaN); // seconds
  if (Number.isFinite(told) && told >= 0) return told * 1000;
  const event = span.events.find((one) => one.name === FIRST_TOKEN_EVENT);
  return event === undefined ? null : (event.time_unix_ns - span.start_time_unix_ns) / NS_PER_MS;
}

/** One thing that a retriever found. */
export interface Found {
  id: string;
  score: number | null;
  content: string;
  metadata: Value;
}

const CONTENTS = ["page_content", "content", "text", "document", "passage", "body", "chunk", "snippet"];
const IDS = ["id", "doc_id", "document_id", "node_id", "doc_uri", "uri", "url", "source", "title", "name"];
const SCORES = ["score", "similarity", "relevance_score", "_score", "distance"];
const LISTS = ["documents", "results", "docs", "passages", "chunks", "hits", "matches", "nodes", "items"];
const NESTED = ["document", "node"];
const INDEXED = /^retrieval\.documents\.([0-9]{1,6})\.document\.(\w+)/;

function first(value: Value, names: readonly string[]): [string, unknown] | null {
  const name = names.find((one) => value[one] !== undefined && value[one] !== null);
  return name === undefined ? null : [name, value[name]];
}

function foundOf(item: unknown): Found {
  if (!isRecord(item)) return { id: "", score: null, content: prettyJson(item), metadata: {} };
  const nested = NESTED.map((name) => item[name]).find(isRecord);
  const whole: Value =
    nested === undefined ? item : { ...nested, ...item, document: undefined, node: undefined };
  const metadata = opened(whole.metadata);
  const facts: Value = isRecord(metadata) ? metadata : {};
  const content = first(whole, CONTENTS);
  const id = first(whole, IDS) ?? first(facts, IDS);
  const score = first(whole, SCORES);
  const used = new Set([content?.[0], score?.[0], "metadata", first(whole, IDS)?.[0]]);
  const rest = Object.entries(whole).filter(([name, value]) => !used.has(name) && value !== undefined);
  const number = Number(score?.[1] ?? Number.NaN);
  return {
    id: id === null ? "" : prettyJson(id[1]),
    score: Number.isFinite(number) ? number : null,
    content: content === null ? "" : prettyJson(content[1]),
    metadata: { ...Object.fromEntries(rest), ...facts },
  };
}

function listed(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value.length === 1 && Array.isArray(value[0]) ? value[0] : value;
  if (!isRecord(value)) return null;
  const inside = first(value, LISTS);
  const list = inside === null ? null : opened(inside[1]);
  return Array.isArray(list) ? list : null;
}

/**
 * The documents that a retriever (or reranker) found: of `gen_ai.retrieval.documents`, OpenInference's
 * `retrieval.documents.N.document.*`, or its output; null where the span tells of none.
 */
export function documentsOf(span: Span): Found[] | null {
  const told = listed(opened(span.attributes["gen_ai.retrieval.documents"]));
  if (told !== null) return told.map(foundOf);
  const indexed: Record<string, unknown>[] = [];
  for (const [key, value] of Object.entries(span.attributes)) {
    const [, number, name] = INDEXED.exec(key) ?? [];
    if (number === undefined || name === undefined) continue;
    indexed[Number(number)] = { ...indexed[Number(number)], [name]: value };
  }
  if (indexed.length > 0) return indexed.filter((one) => one !== undefined).map(foundOf);
  if (span.span_type !== "RETRIEVER" && span.span_type !== "RERANKER") return null;
  return listed(opened(span.output))?.map(foundOf) ?? null;
}

/** An exception that an event of a span tells of. */
export interface Failure {
  type: string;
  message: string;
  stack: string;
}

export function failureOf(event: Span["events"][number]): Failure | null {
  const told = (name: string) => String(event.attributes[`exception.${name}`] ?? "");
  const failure = { type: told("type"), message: told("message"), stack: told("stacktrace") };
  return event.name === "exception" || failure.type !== "" ? failure : null;
}

/** A span of a language model, whose input can be tried again. */
export function isCall(span: Span): boolean {
  return span.span_type === "LLM" || span.operation === "chat" || span.operation === "text_completion";
}
