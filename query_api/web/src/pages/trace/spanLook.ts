import type { Span } from "@/pages/trace/tree";

const COLOURS: Readonly<Record<string, string>> = {
  LLM: "var(--series-1)",
  EMBEDDING: "var(--series-6)",
  RETRIEVER: "var(--series-6)",
  RERANKER: "var(--series-6)",
  TOOL: "var(--series-2)",
  AGENT: "var(--series-4)",
  WORKFLOW: "var(--series-4)",
  GUARDRAIL: "var(--series-5)",
};

/** The colour of a span's type. */
export function colourOf(span: Span): string {
  return COLOURS[span.span_type] ?? "var(--muted)";
}

/** The colour of a span's bar. An error has its own, whatever the type. */
export function barColourOf(span: Span): string {
  if (span.status === "ERROR") return "var(--error)";
  return COLOURS[span.span_type] ?? "var(--border-strong)";
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  SERVER: "server",
  CLIENT: "client",
  PRODUCER: "producer",
  CONSUMER: "consumer",
};

/** What kind of span it is, in a word; empty where nothing is to be said. */
export function typeName(span: Span): string {
  return span.span_type || KIND_NAMES[span.kind] || "";
}
