/** Settings of a model as the form has them, text by text, and as a prompt's version keeps them. */

export interface SettingsForm {
  temperature: string;
  maxTokens: string;
  /** One a line. */
  stop: string;
  /** A JSON object of whatever else the model takes. */
  others: string;
  /** A JSON schema of the answer; empty: text. */
  responseFormat: string;
}

export const NO_SETTINGS: SettingsForm = {
  temperature: "",
  maxTokens: "",
  stop: "",
  others: "",
  responseFormat: "",
};
const MAX_STOPS = 4;

/** Settings that the endpoint and the workbench decide themselves. */
const DECIDED: ReadonlySet<string> = new Set([
  "model",
  "model_name",
  "provider",
  "messages",
  "prompt",
  "stream",
  "stream_options",
  "n",
]);
const HAVE_A_FIELD: ReadonlySet<string> = new Set(["temperature", "max_tokens", "stop"]);

export type Json = Record<string, unknown>;

/** What a form says, or what is wrong with it, field by field. */
export interface ReadSettings {
  settings: Json;
  responseFormat: Json | null;
  errors: Partial<Record<keyof SettingsForm, string>>;
}

function objectIn(text: string): Json | string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
    return "must be a JSON object, in braces";
  } catch (error) {
    return `no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export function readSettings(form: SettingsForm): ReadSettings {
  const read: ReadSettings = { settings: {}, responseFormat: null, errors: {} };
  if (form.others.trim() !== "") {
    const found = objectIn(form.others);
    const name =
      typeof found === "string" ? undefined : Object.keys(found).find((one) => HAVE_A_FIELD.has(one));
    if (typeof found === "string") read.errors.others = found;
    else if (name !== undefined) read.errors.others = `${name} has a field of its own`;
    else read.settings = { ...found };
  }
  const temperature = form.temperature.trim();
  if (temperature !== "") {
    const value = Number(temperature);
    if (Number.isFinite(value) && value >= 0 && value <= 2) read.settings.temperature = value;
    else read.errors.temperature = "must be a number from 0 to 2";
  }
  const maxTokens = form.maxTokens.trim();
  if (maxTokens !== "") {
    const value = Number(maxTokens);
    if (Number.isInteger(value) && value >= 1 && value <= 1_000_000) read.settings.max_tokens = value;
    else read.errors.maxTokens = "must be a whole number from 1 to 1,000,000";
  }
  const stops = form.stop.split("\n").filter((line) => line !== "");
  if (stops.length > MAX_STOPS) read.errors.stop = `at most ${MAX_STOPS} texts, one a line`;
  else if (stops.length > 0) read.settings.stop = stops;
  if (form.responseFormat.trim() !== "") {
    const found = objectIn(form.responseFormat);
    if (typeof found === "string") read.errors.responseFormat = found;
    else read.responseFormat = found;
  }
  return read;
}

/** The form of what a version keeps. */
export function formOf(
  settings: Json | null | undefined,
  responseFormat: Json | null | undefined,
): SettingsForm {
  const { temperature, max_tokens, stop, ...others } = settings ?? {};
  const stops = typeof stop === "string" ? [stop] : Array.isArray(stop) ? stop.map(String) : [];
  const written = (value: unknown) => (value === undefined || value === null ? "" : String(value));
  return {
    temperature: written(temperature),
    maxTokens: written(max_tokens),
    stop: stops.join("\n"),
    others: Object.keys(others).length === 0 ? "" : JSON.stringify(others, null, 2),
    responseFormat: responseFormat ? JSON.stringify(responseFormat, null, 2) : "",
  };
}

/** The members of a request that settings stand for. */
export function requestMembers({ settings, responseFormat }: ReadSettings): Json {
  const kept = Object.fromEntries(Object.entries(settings).filter(([name]) => !DECIDED.has(name)));
  if (responseFormat === null) return kept;
  // As the gateway words the schema of a registered prompt.
  return {
    ...kept,
    response_format: { type: "json_schema", json_schema: { name: "answer", schema: responseFormat } },
  };
}
