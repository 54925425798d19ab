import { Fault, Field } from "@/pages/evaluations/Field";
import type { Catalogue, Faults } from "@/pages/evaluations/form";
import { Marked } from "@/pages/evaluations/Marked";
import styles from "@/pages/evaluations/NewEvaluation.module.css";
import type { ChosenMetric } from "@/pages/evaluations/newSearch";
import { type Parameter, parameterText } from "@/pages/evaluations/parameters";

/** Parameters that are paragraphs. */
const LONG = new Set(["definition", "grading_prompt", "judge_prompt", "guidelines", "examples", "schema"]);
/** Those that few people need; they stand below the others, folded. */
const RARE = new Set([
  "aggregations",
  "cache",
  "greater_is_better",
  "include_input",
  "limits",
  "max_workers",
  "metric_metadata",
  "parameters",
  "score_range",
  "version",
]);
const MODELS = ["openai:/gpt-5-mini", "anthropic:/claude-sonnet-5", "endpoints:/"];

interface ParameterProps {
  parameter: Parameter;
  value: string | undefined;
  fault: string | undefined;
  onChange: (text: string | undefined) => void;
}

function ParameterField({ parameter, value, fault, onChange }: ParameterProps) {
  const { name, type, description, is_required } = parameter;
  if (type === "boolean") {
    const isOn = (value ?? String(parameter.default === true)) === "true";
    return (
      <label className={styles.check}>
        <input type="checkbox" checked={isOn} onChange={({ target }) => onChange(String(target.checked))} />
        {name}
        <span className={styles.hint}>
          <Marked text={description} />
        </span>
      </label>
    );
  }
  const isLong = LONG.has(name);
  return (
    <Field
      label={is_required ? `${name} (needed)` : name}
      value={value}
      onChange={onChange}
      fault={fault}
      hint={<Marked text={type === "json" ? `${description} JSON, or a line for each.` : description} />}
      placeholder={parameterText(parameter.default) || (name === "model" ? "the server's judge" : "")}
      lines={isLong ? 3 : undefined}
      inputMode={type === "integer" ? "numeric" : type === "number" ? "decimal" : undefined}
      offers={name === "model" && description.includes("openai:/") ? MODELS : undefined}
    />
  );
}

interface Props {
  chosen: readonly ChosenMetric[];
  catalogue: Catalogue;
  faults: Faults;
  onChange: (chosen: ChosenMetric[]) => void;
}

function Chosen({
  index,
  metric,
  ...props
}: Omit<Props, "chosen" | "onChange"> & {
  index: number;
  metric: ChosenMetric;
  onChange: (metric: ChosenMetric | null) => void;
}) {
  const { catalogue, faults, onChange } = props;
  const described = catalogue.find(({ name }) => name === metric.name);
  const field = (parameter: Parameter) => (
    <ParameterField
      key={parameter.name}
      parameter={parameter}
      value={metric.parameters[parameter.name]}
      fault={faults[`metrics[${index}].${parameter.name}`]}
      onChange={(text) => {
        const { [parameter.name]: _, ...others } = metric.parameters;
        onChange({
          ...metric,
          parameters: text === undefined ? others : { ...others, [parameter.name]: text },
        });
      }}
    />
  );
  const parameters = described?.parameters ?? [];
  const usual = parameters.filter(({ name }) => !RARE.has(name));
  const rare = parameters.filter(({ name }) => RARE.has(name));
  return (
    <fieldset className={styles.chosen}>
      <legend>{metric.name}</legend>
      <button
        type="button"
        className={`button quiet small ${styles.remove}`}
        aria-label={`Remove ${metric.name}`}
        onClick={() => onChange(null)}
      >
        Remove
      </button>
      {described !== undefined && (
        <p className="muted">
          <Marked text={described.description} />
        </p>
      )}
      {usual.length > 0 && <div className={styles.fields}>{usual.map(field)}</div>}
      {rare.length > 0 && (
        <details>
          <summary>More parameters</summary>
          <div className={styles.fields}>{rare.map(field)}</div>
        </details>
      )}
      <Fault fault={faults[`metrics[${index}]`]} />
    </fieldset>
  );
}

/** The metrics that were chosen, each with its parameters. */
export function ChosenMetrics({ chosen, onChange, ...props }: Props) {
  return chosen.map((metric, index) => (
    <Chosen
      key={index}
      index={index}
      metric={metric}
      {...props}
      onChange={(now) =>
        onChange(
          now === null
            ? chosen.filter((_, place) => place !== index)
            : chosen.map((one, place) => (place === index ? now : one)),
        )
      }
    />
  ));
}
