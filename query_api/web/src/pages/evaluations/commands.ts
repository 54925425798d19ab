import type { NewEvaluation, NewMonitor } from "@/pages/evaluations/form";
import { pythonText, shellText, shellWord } from "@/ui/quoting";

type Metric = NewEvaluation["metrics"][number];
type Said = Readonly<Record<string, unknown>>;

/** A metric as the command line has it: `name:parameter=value,parameter=value`; a comma in a value is `\,`. */
export function metricText(metric: Metric): string {
  if (typeof metric === "string") return metric;
  const parameters = Object.entries((metric.parameters ?? {}) as Said).map(([name, value]) => {
    const isMistaken = typeof value === "string" && readsAsJson(value);
    const text = typeof value === "string" && !isMistaken ? value : JSON.stringify(value);
    return `${name}=${text.replaceAll(",", "\\,")}`;
  });
  return parameters.length === 0 ? String(metric.name) : `${metric.name}:${parameters.join(",")}`;
}

function readsAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The filter, with the traces that are named one by one: the command line has no other way to name them. */
function conditionOf(selection: Said): string {
  const ids = selection.trace_ids;
  const where = typeof selection.where === "string" ? selection.where : "";
  if (!Array.isArray(ids)) return where;
  const named = `trace_id IN (${ids.map((traceId) => `'${traceId}'`).join(", ")})`;
  return where === "" ? named : `(${where}) AND ${named}`;
}

/** The same evaluation as a command. */
export function commandOf({ name, selection, metrics, options = {} }: NewEvaluation): string {
  const parts = ["spanfold evaluate"];
  const add = (option: string, value: unknown) => {
    if (value === undefined || value === null || value === "") return;
    parts.push(`--${option} ${shellWord(typeof value === "object" ? JSON.stringify(value) : String(value))}`);
  };
  for (const model of [selection.model ?? []].flat()) add("model", model);
  add("since", selection.since);
  add("until", selection.until);
  add("where", conditionOf(selection));
  add("sample", selection.sample);
  add("stratify-by", selection.stratify_by);
  add("seed", selection.seed);
  for (const metric of metrics) add("metrics", metricText(metric));
  add("mapping", options.mapping);
  add("max-cost-usd", options.max_cost_usd);
  add("max-calls", options.max_calls);
  add("concurrency", options.concurrency);
  add("name", name);
  parts.push("--on-server");
  const command = parts.join(" \\\n    ");
  return selection.limit === undefined ? command : `# The command has no limit: sample instead.\n${command}`;
}

/** A value as Python writes it. */
export function pythonOf(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([name, one]) => `${JSON.stringify(name)}: ${pythonOf(one)}`)
      .join(", ")}}`;
  }
  return typeof value === "string" ? pythonText(value) : JSON.stringify(value);
}

function argumentsOf(members: Said): string[] {
  return Object.entries(members)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${pythonOf(value)}`);
}

/** The same evaluation in Python. */
export function programOf({ name, selection, metrics, options = {} }: NewEvaluation): string {
  const { max_cost_usd, max_calls, concurrency, mapping } = options;
  const given = argumentsOf({ mapping, name, max_cost_usd, max_calls, concurrency });
  return [
    "import spanfold",
    "",
    "result = spanfold.evaluate(",
    `    traces=spanfold.TraceSelection(${argumentsOf(selection).join(", ")}),`,
    `    metrics=${pythonOf(metrics)},`,
    ...given.map((argument) => `    ${argument},`),
    ")",
    "print(result.metrics)",
  ].join("\n");
}

/** The same monitor as a request: what makes monitors is REST alone. */
export function requestOf(monitor: NewMonitor, origin: string): string {
  const json = shellText(JSON.stringify(monitor, null, 2));
  return `curl -f ${origin}/v1/monitors -H 'Content-Type: application/json' -d ${json}`;
}
