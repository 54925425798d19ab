import { type ReactNode, useId } from "react";
import type { ReadSettings, SettingsForm } from "@/pages/prompts/settings";
import styles from "@/pages/prompts/Workbench.module.css";

interface FieldProps {
  label: string;
  error: string | undefined;
  children: (props: {
    id: string;
    "aria-invalid": boolean;
    "aria-describedby": string | undefined;
  }) => ReactNode;
}

function Field({ label, error, children }: FieldProps) {
  const id = useId();
  return (
    <div className={styles.labelled}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        "aria-invalid": error !== undefined,
        "aria-describedby": error ? `${id}-error` : undefined,
      })}
      {error !== undefined && (
        <span id={`${id}-error`} className={styles.fault}>
          {error}
        </span>
      )}
    </div>
  );
}

interface Props {
  form: SettingsForm;
  errors: ReadSettings["errors"];
  onChange: (form: SettingsForm) => void;
}

/** How the model is asked; what is left empty is the endpoint's to decide. */
export function SettingsFields({ form, errors, onChange }: Props) {
  const set = (name: keyof SettingsForm) => (event: { target: { value: string } }) =>
    onChange({ ...form, [name]: event.target.value });
  return (
    <fieldset className={styles.fieldset}>
      <legend>Model settings</legend>
      <div className={styles.settings}>
        <Field label="Temperature" error={errors.temperature}>
          {(props) => (
            <input
              className="field"
              inputMode="decimal"
              placeholder="as the model has it"
              value={form.temperature}
              onChange={set("temperature")}
              {...props}
            />
          )}
        </Field>
        <Field label="Max tokens" error={errors.maxTokens}>
          {(props) => (
            <input
              className="field"
              inputMode="numeric"
              placeholder="as the model has it"
              value={form.maxTokens}
              onChange={set("maxTokens")}
              {...props}
            />
          )}
        </Field>
      </div>
      <Field label="Stop at, one text a line" error={errors.stop}>
        {(props) => (
          <textarea className="field" rows={2} value={form.stop} onChange={set("stop")} {...props} />
        )}
      </Field>
      <details
        className={styles.more}
        open={form.responseFormat !== "" || errors.responseFormat !== undefined}
      >
        <summary>Response format</summary>
        <Field label="JSON schema of the answer; empty for text" error={errors.responseFormat}>
          {(props) => (
            <textarea
              className="field mono"
              rows={5}
              spellCheck={false}
              placeholder='{"type": "object", "properties": {...}}'
              value={form.responseFormat}
              onChange={set("responseFormat")}
              {...props}
            />
          )}
        </Field>
      </details>
      <details className={styles.more} open={form.others !== "" || errors.others !== undefined}>
        <summary>Other settings</summary>
        <Field label="A JSON object" error={errors.others}>
          {(props) => (
            <textarea
              className="field mono"
              rows={3}
              spellCheck={false}
              placeholder='{"top_p": 0.9}'
              value={form.others}
              onChange={set("others")}
              {...props}
            />
          )}
        </Field>
      </details>
    </fieldset>
  );
}
