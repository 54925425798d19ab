import type { Schemas } from "@/api/client";
import { boundsOf } from "@/api/period";
import { ProblemError } from "@/api/problem";
import type { paths } from "@/api/schema";
import type { ChosenMetric, NewSearch } from "@/pages/evaluations/newSearch";
import { readParameter } from "@/pages/evaluations/parameters";
import { said } from "@/pages/evaluations/search";

export type NewEvaluation = paths["/v1/evaluations"]["post"]["requestBody"]["content"]["application/json"];
export type NewMonitor = paths["/v1/monitors"]["post"]["requestBody"]["content"]["application/json"];
export type Catalogue = readonly Schemas["MetricDescription"][];

/** What is wrong, by the field of the form: `options.max_calls`, `metrics[0].pattern`, `selection.where`. */
export type Faults = Readonly<Record<string, string>>;

/** What the server is asked, as far as the form can be understood, and what cannot be. */
export interface Read<Body> {
  body: Body;
  faults: Faults;
}

type Faulty = Record<string, string>;

function numberOf(faults: Faulty, field: string, text: string | undefined, isWhole: boolean) {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
  faults[field] = isWhole ? "a whole number, such as 500" : "a number, such as 2.5";
  return undefined;
}

/** The parameters of a metric as values. One that the catalogue does not know is sent as text. */
function parametersOf(faults: Faulty, index: number, chosen: ChosenMetric, catalogue: Catalogue) {
  const known = catalogue.find(({ name }) => name === chosen.name)?.parameters ?? [];
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(chosen.parameters)) {
    const read = readParameter(known.find((one) => one.name === name)?.type ?? "text", text);
    if (read !== undefined && "fault" in read) faults[`metrics[${index}].${name}`] = read.fault;
    else if (read !== undefined) values[name] = read.value;
  }
  for (const { name, is_required } of known) {
    const field = `metrics[${index}].${name}`;
    if (is_required && values[name] === undefined) faults[field] ??= `${chosen.name} needs it`;
  }
  return values;
}

/** Each metric as text where it has no parameters, else as its spec. */
function metricsOf(faults: Faulty, search: NewSearch, catalogue: Catalogue): NewEvaluation["metrics"] {
  return (search.metrics ?? []).map((chosen, index) => {
    const parameters = parametersOf(faults, index, chosen, catalogue);
    return Object.keys(parameters).length === 0 ? chosen.name : { name: chosen.name, parameters };
  });
}

function mappingOf({ mapping }: NewSearch) {
  return mapping === undefined || Object.keys(mapping).length === 0 ? undefined : mapping;
}

function budgetOf(faults: Faulty, search: NewSearch) {
  return {
    max_cost_usd: numberOf(faults, "options.max_cost_usd", search.max_cost_usd, false),
    max_calls: numberOf(faults, "options.max_calls", search.max_calls, true),
    mapping: mappingOf(search),
  };
}

function modelOf({ model_id = [] }: NewSearch) {
  return model_id.length === 1 ? model_id[0] : model_id;
}

function periodOf({ since, ...fixed }: NewSearch) {
  if (since !== undefined) return { since };
  const { start, end } = boundsOf(fixed);
  return { since: start, until: end };
}

/** The evaluation that the form describes. */
export function evaluationOf(search: NewSearch, catalogue: Catalogue): Read<NewEvaluation> {
  const faults: Faulty = {};
  const body = {
    ...(search.name && { name: search.name }),
    selection: said({
      model: modelOf(search),
      ...periodOf(search),
      where: search.filter,
      trace_ids: search.trace_id,
      sample: search.sample,
      stratify_by: search.stratify_by,
      seed: numberOf(faults, "selection.seed", search.seed, true),
      limit: numberOf(faults, "selection.limit", search.limit, true),
    }),
    metrics: metricsOf(faults, search, catalogue),
    options: said({
      ...budgetOf(faults, search),
      concurrency: numberOf(faults, "options.concurrency", search.concurrency, true),
    }),
  };
  return { body, faults };
}

function shareOf(faults: Faulty, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const isPercent = text.trim().endsWith("%");
  const value = Number(text.trim().replace(/%$/, "")) / (isPercent ? 100 : 1);
  if (value > 0 && value <= 1) return value;
  faults["options.sample"] = "a share of the traces, such as 10% or 0.1";
  return undefined;
}

/** The monitor that the form describes. */
export function monitorOf(search: NewSearch, catalogue: Catalogue): Read<NewMonitor> {
  const faults: Faulty = {};
  if (!search.name) faults.name = "a monitor needs one: it is known by it";
  const body = {
    name: search.name ?? "",
    selection: said({ model: modelOf(search), where: search.filter }),
    metrics: metricsOf(faults, search, catalogue),
    options: said({ ...budgetOf(faults, search), sample: shareOf(faults, search.sample) }),
  };
  return { body, faults };
}

/** The field that a refusal is about, and what is wrong with it. Null: it is about none. */
export function refusalOf(error: Error | null): Faults | null {
  if (!(error instanceof ProblemError)) return null;
  if (error.members.type === "urn:spanfold:problem:invalid-filter")
    return { "selection.where": error.message };
  if (error.field === null) return null;
  // "selection: sample: a share ..." is about the sample.
  const message = error.message.replace(`${error.field}: `, "").replace(/^selection: /, "");
  const [, member, rest] = /^([a-z_]+): (.*)$/s.exec(message) ?? [];
  if (error.field === "selection" && member !== undefined)
    return { [`selection.${member}`]: rest ?? message };
  return { [error.field]: message };
}
