import { fetched } from "@/api/fetched";
import { pythonText, shellText } from "@/ui/quoting";

const TIMEOUT_MS = 60_000;

export function curlOf(origin: string, traceId: string): string {
  return `curl -sf ${shellText(`${origin}/v1/traces/${traceId}`)}`;
}

export function pythonOf(origin: string, traceId: string): string {
  return [
    "import spanfold",
    "",
    `spanfold.configure(endpoint=${pythonText(origin)})`,
    `trace = spanfold.get_trace(${pythonText(traceId)})`,
    "print(trace.info.status, trace.info.duration_ms)",
    "for span in trace.data.spans:",
    "    print(span.name, span.span_type, span.inputs, span.outputs)",
    "",
  ].join("\n");
}

/** A trace as the server tells it, to the last digit: JavaScript's numbers cannot hold nanoseconds since 1970. */
export async function traceJson(traceId: string): Promise<string> {
  return (await fetched(`/v1/traces/${traceId}`, AbortSignal.timeout(TIMEOUT_MS))).text();
}

const NS_MEMBER = /"((?:start_)?time_unix_ns)":(\d+)/g;
const NS_TEXT = /"((?:start_)?time_unix_ns)": "(\d+)"/g;

interface Nested {
  span_id: string;
  children: Nested[];
}

/** One span of such a trace, without its children, indented; null where it is not in it. */
export function spanJson(trace: string, spanId: string): string | null {
  // Within a recorded text quotes have a backslash before them, so that only members match.
  const exact = JSON.parse(trace.replace(NS_MEMBER, '"$1":"$2"')) as { spans: Nested[] };
  const stack = [...exact.spans];
  for (let span = stack.pop(); span !== undefined; span = stack.pop()) {
    if (span.span_id === spanId) {
      const { children: _, ...rest } = span;
      return JSON.stringify(rest, null, 2).replace(NS_TEXT, '"$1": $2');
    }
    stack.push(...span.children);
  }
  return null;
}
