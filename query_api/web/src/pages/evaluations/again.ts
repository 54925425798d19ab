import { type NewSearch, validateNewSearch } from "@/pages/evaluations/newSearch";
import { parameterText } from "@/pages/evaluations/parameters";

interface Described {
  name: string;
  metrics: readonly Record<string, unknown>[];
  selection: Record<string, unknown> | null;
  options: Record<string, unknown>;
  /** What the names in the selection came to. */
  model_ids?: readonly string[];
}

/** Members of a parameter that a metric has anyhow are not repeated: they say nothing, and fill the address. */
function isSaid(value: unknown): boolean {
  if (value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function periodOf({ since, until }: Record<string, unknown>): Record<string, unknown> {
  if (typeof since !== "string") return { end: until };
  return /^[0-9]+[mhd]$/.test(since) && until === undefined ? { since } : { start: since, end: until };
}

/** The form that makes the same evaluation, or monitor, once more. */
export function againSearch({ name, metrics, selection, options, model_ids = [] }: Described): NewSearch {
  const chosen = selection ?? {};
  return validateNewSearch({
    ...options,
    ...periodOf(chosen),
    name,
    filter: chosen.where,
    model_id: chosen.model !== undefined && model_ids.length > 0 ? model_ids : chosen.model,
    trace_id: chosen.trace_ids,
    limit: chosen.limit,
    sample: chosen.sample ?? options.sample,
    seed: chosen.seed,
    stratify_by: chosen.stratify_by,
    metrics: metrics.map((one) => ({
      name: one.name,
      parameters: Object.fromEntries(
        Object.entries((one.parameters ?? {}) as Record<string, unknown>)
          .filter(([, value]) => isSaid(value))
          .map(([parameter, value]) => [parameter, parameterText(value)]),
      ),
    })),
  });
}
