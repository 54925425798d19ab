import { answer, api } from "@/api/client";
import { boundsOf, type Period } from "@/api/period";
import { quoted } from "@/ui/FilterBoxTokens";

/** A version of a prompt that traces were made with. */
export interface UsedPrompt {
  /** `name/version` */
  reference: string;
  name: string;
  version: string;
  /** Traces of the period that were made with it. */
  count: number;
}

const MOST_PROMPTS = 8;
const ATTRIBUTE = "spanfold.prompt.versions";

/** The references in an attribute, whatever somebody wrote there. */
function referencesIn(attribute: string | undefined): string[] {
  let told: unknown = attribute;
  try {
    told = JSON.parse(attribute ?? "null");
  } catch {
    // A single reference stands there as it is.
  }
  const list: unknown[] = Array.isArray(told) ? told : [told];
  return list.filter((one): one is string => typeof one === "string" && /^.+\/[^/]+$/.test(one));
}

/** The condition that finds the traces of one prompt, in the filter language. */
export function promptFilter(reference: string): string {
  return `span.prompt = ${quoted(reference)}`;
}

/**
 * The versions of prompts that a version's traces were made with, at most eight.
 *
 * There is no list of them: the newest trace with a prompt that is not known yet is asked for, until there is none. That
 * none has any takes reading all there is (7 s of CPU at 10 million spans), so it is not asked where none is registered.
 */
async function usedPrompts(modelId: string, period: Period, signal: AbortSignal): Promise<UsedPrompt[]> {
  const registered = await answer(api.GET("/v1/prompts", { params: { query: { limit: 1 } }, signal }));
  if (registered.prompts.length === 0) return [];
  const asked = { ...boundsOf(period), model_id: modelId };
  const found: string[] = [];
  while (found.length < MOST_PROMPTS) {
    const others = found.map((reference) => ` AND NOT ${promptFilter(reference)}`).join("");
    const query = { ...asked, filter: `span.prompt IS NOT NULL${others}`, limit: 1 };
    const { traces } = await answer(api.GET("/v1/traces", { params: { query }, signal }));
    const traceId = traces[0]?.trace_id;
    if (traceId === undefined) break;
    const trace = await answer(
      api.GET("/v1/traces/{trace_id}", { params: { path: { trace_id: traceId } }, signal }),
    );
    const references = trace.spans.flatMap((span) => referencesIn(span.attributes[ATTRIBUTE]));
    const fresh = [...new Set(references)].filter((reference) => !found.includes(reference));
    if (fresh.length === 0) break;
    found.push(...fresh);
  }
  return Promise.all(
    found.slice(0, MOST_PROMPTS).map(async (reference) => {
      const query = { ...asked, filter: promptFilter(reference) };
      const { count } = await answer(api.GET("/v1/traces/count", { params: { query }, signal }));
      const slash = reference.lastIndexOf("/");
      return { reference, name: reference.slice(0, slash), version: reference.slice(slash + 1), count };
    }),
  );
}

/** The query of the above. */
export function promptsQuery(modelId: string, period: Period) {
  return {
    queryKey: ["model", modelId, "prompts", period] as const,
    queryFn: ({ signal }: { signal: AbortSignal }) => usedPrompts(modelId, period, signal),
  };
}
