import { useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { fetched } from "@/api/fetched";

/** The beginnings of what went into a trace and came out of it; null where nothing was recorded. */
export interface Texts {
  input: string | null;
  output: string | null;
}

const MAX_AT_ONCE = 50;
const WAIT_MS = 30;
const TIMEOUT_MS = 30_000;

interface Waiting {
  traceId: string;
  modelId: string;
  resolve: (texts: Texts | null) => void;
  reject: (error: unknown) => void;
}

let waiting: Waiting[] = [];
let isOnWay = false;

/** What a request asks for together: of one version, the newest first, since what was scrolled past can wait. */
function takeBatch(): { batch: Waiting[]; traceIds: string[]; modelId: string } {
  const modelId = waiting.at(-1)?.modelId ?? "";
  const ids = waiting.filter((one) => one.modelId === modelId).map(({ traceId }) => traceId);
  const taken = new Set([...new Set(ids.toReversed())].slice(0, MAX_AT_ONCE));
  const isTaken = (one: Waiting) => one.modelId === modelId && taken.has(one.traceId);
  const batch = waiting.filter(isTaken);
  waiting = waiting.filter((one) => !isTaken(one));
  return { batch, traceIds: [...taken], modelId };
}

/** Asks for the traces that are waited for, so many at once, one request after the other. */
async function ask(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  while (waiting.length > 0) {
    const { batch, traceIds, modelId } = takeBatch();
    try {
      const filter = `trace_id IN (${traceIds.map((traceId) => `'${traceId}'`).join(", ")})`;
      const query = { filter, limit: MAX_AT_ONCE, ...(modelId && { model_id: modelId }) };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const { traces } = await answer(api.GET("/v1/traces", { params: { query }, signal }));
      const byId = new Map(traces.map((trace) => [trace.trace_id, trace]));
      for (const { traceId, resolve } of batch) {
        const trace = byId.get(traceId);
        resolve(trace === undefined ? null : { input: trace.input, output: trace.output });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
  isOnWay = false;
}

function textsOf(traceId: string, modelId: string): Promise<Texts | null> {
  return new Promise((resolve, reject) => {
    waiting.push({ traceId, modelId, resolve, reject });
    if (!isOnWay) {
      isOnWay = true;
      void ask();
    }
  });
}

/** Beginnings of a trace's input and output; undefined while they are asked for, null if there is no such trace. */
export function useTexts(traceId: string, modelId: string): Texts | null | undefined {
  return useQuery({
    queryKey: ["trace texts", traceId, modelId],
    queryFn: () => textsOf(traceId, modelId),
    staleTime: Number.POSITIVE_INFINITY, // what was recorded does not change
    retry: false,
  }).data;
}

/** All of a trace's input and output, and what people said would be right. */
interface WholeTexts extends Texts {
  expectations: Record<string, string>;
}

/** Input, output and expectations of a trace, not cut. */
export function useWholeTexts(traceId: string, modelId: string) {
  const queryClient = useQueryClient();
  return useQuery<WholeTexts | null>({
    queryKey: ["trace whole texts", traceId, modelId],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ rows: "traces", format: "jsonl", trace_id: traceId });
      for (const column of ["input", "output", "expectations"]) query.append("columns", column);
      if (modelId !== "") query.set("model_id", modelId);
      const response = await fetched(`/v1/traces/export?${query}`, signal);
      const text = (await response.text()).trim();
      return text === "" ? null : (JSON.parse(text.split("\n")[0] ?? "") as WholeTexts);
    },
    placeholderData: (): WholeTexts | undefined => {
      const known = queryClient.getQueryData<Texts | null>(["trace texts", traceId, modelId]);
      return known ? { ...known, expectations: {} } : undefined;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}
