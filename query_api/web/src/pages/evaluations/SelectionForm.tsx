import { periodOf } from "@/api/period";
import { Fault, Field } from "@/pages/evaluations/Field";
import styles from "@/pages/evaluations/NewEvaluation.module.css";
import type { FormProps } from "@/pages/evaluations/NewEvaluationPage";
import { FilterBox } from "@/ui/FilterBox";
import { count } from "@/ui/format";
import { ModelPicker } from "@/ui/ModelPicker";
import { PeriodPicker } from "@/ui/PeriodPicker";

const MAX_MODELS = 20;

function Sample({ form, faults, onChange }: FormProps) {
  return (
    <details open={[form.limit, form.seed, form.stratify_by].some((text) => text !== undefined)}>
      <summary>More about the sample</summary>
      <div className={styles.fields}>
        <Field
          label="Stratify by"
          value={form.stratify_by}
          onChange={(stratify_by) => onChange({ stratify_by })}
          fault={faults["selection.stratify_by"]}
          placeholder="tags['tier']"
          hint="Each value of this field has its share"
        />
        <Field
          label="Seed"
          value={form.seed}
          onChange={(seed) => onChange({ seed })}
          fault={faults["selection.seed"]}
          placeholder="0"
          inputMode="numeric"
          hint="Another seed, another sample"
        />
        <Field
          label="Only the newest"
          value={form.limit}
          onChange={(limit) => onChange({ limit })}
          fault={faults["selection.limit"]}
          placeholder="all"
          inputMode="numeric"
        />
      </div>
    </details>
  );
}

/** Which traces are scored. */
export function SelectionForm({ form, faults, onChange }: FormProps) {
  const isMonitor = form.kind === "monitor";
  const period = periodOf({ ...form });
  const ids = form.trace_id ?? [];
  const error =
    faults.selection ??
    faults["selection.where"] ??
    faults["selection.model"] ??
    faults["selection.trace_ids"];
  return (
    <section className="card stack" aria-label="Which traces">
      <h2>Which traces</h2>
      {ids.length > 0 && (
        <p className="row">
          Only {ids.length === 1 ? "1 trace" : `${count(ids.length)} traces`} that you chose.
          <button type="button" className="button small" onClick={() => onChange({ trace_id: undefined })}>
            Any trace
          </button>
        </p>
      )}
      <div className={styles.where}>
        <FilterBox
          label="Only traces where"
          value={form.filter ?? ""}
          onSubmit={(filter) => onChange({ filter: filter || undefined })}
          period={period}
        />
        {!isMonitor && (
          <PeriodPicker
            period={period}
            onChange={(chosen) => onChange({ since: undefined, start: undefined, end: undefined, ...chosen })}
          />
        )}
      </div>
      <div className={styles.models}>
        <ModelPicker
          label="Only of these versions"
          max={MAX_MODELS}
          value={form.model_id ?? []}
          onChange={(model_id) => onChange({ model_id: model_id.length > 0 ? model_id : undefined })}
        />
      </div>
      <div className={styles.fields}>
        <Field
          label="Sample"
          value={form.sample}
          onChange={(sample) => onChange({ sample })}
          fault={faults["selection.sample"] ?? faults["options.sample"]}
          placeholder="all of them"
          hint={isMonitor ? "A share, such as 10%" : "A share, such as 10%, or a number, such as 500"}
        />
      </div>
      {!isMonitor && <Sample form={form} faults={faults} onChange={onChange} />}
      <Fault fault={error} />
    </section>
  );
}
