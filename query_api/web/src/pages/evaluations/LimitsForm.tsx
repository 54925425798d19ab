import { Fault, Field } from "@/pages/evaluations/Field";
import type { Catalogue } from "@/pages/evaluations/form";
import styles from "@/pages/evaluations/NewEvaluation.module.css";
import type { FormProps } from "@/pages/evaluations/NewEvaluationPage";

/** Where a column may come from, as an example: left out, the server looks at the usual places. */
const SOURCES: Readonly<Record<string, string>> = {
  inputs: "$.input",
  predictions: "$.output",
  targets: "$.expectations.expected_response",
  context: "span[type=RETRIEVER].output[*].text",
  retrieved_doc_ids: "span[type=RETRIEVER].output[*].id",
  expected_documents: "$.expectations.expected_documents",
};

/** Where the columns that the chosen metrics need are in the traces. */
export function MappingForm({ form, faults, onChange, catalogue }: FormProps & { catalogue: Catalogue }) {
  const names = new Set((form.metrics ?? []).map(({ name }) => name));
  const needed = new Set(catalogue.filter(({ name }) => names.has(name)).flatMap(({ needs }) => needs));
  const mapping = form.mapping ?? {};
  const columns = Object.keys(SOURCES).filter((column) => needed.has(column) || column in mapping);
  if (columns.length === 0) return null;
  return (
    <details className="card" open={form.mapping !== undefined}>
      <summary>Where inputs, answers and references are in the traces</summary>
      <div className={styles.fields}>
        {columns.map((column) => (
          <Field
            key={column}
            label={column}
            value={mapping[column]}
            placeholder={SOURCES[column] ?? ""}
            onChange={(path) => {
              const { [column]: _, ...others } = mapping;
              const now = path === undefined ? others : { ...others, [column]: path };
              onChange({ mapping: Object.keys(now).length > 0 ? now : undefined });
            }}
          />
        ))}
      </div>
      <Fault fault={faults["options.mapping"]} />
    </details>
  );
}

/** What it may cost, and what it is called. */
export function LimitsForm({ form, faults, onChange }: FormProps) {
  const isMonitor = form.kind === "monitor";
  return (
    <section className="card stack" aria-label="Limits and name">
      <h2>{isMonitor ? "Name, and what it may spend a day" : "What it may spend, and its name"}</h2>
      <div className={styles.fields}>
        <Field
          label={isMonitor ? "Name (needed)" : "Name"}
          value={form.name}
          onChange={(name) => onChange({ name })}
          fault={faults.name}
          placeholder={isMonitor ? "answers of support" : "its ID"}
        />
        <Field
          label="Most it may cost, US dollars"
          value={form.max_cost_usd}
          onChange={(max_cost_usd) => onChange({ max_cost_usd })}
          fault={faults["options.max_cost_usd"]}
          placeholder="no limit"
          inputMode="decimal"
        />
        <Field
          label="Most calls to judges"
          value={form.max_calls}
          onChange={(max_calls) => onChange({ max_calls })}
          fault={faults["options.max_calls"]}
          placeholder="no limit"
          inputMode="numeric"
        />
        {!isMonitor && (
          <Field
            label="Calls at a time"
            value={form.concurrency}
            onChange={(concurrency) => onChange({ concurrency })}
            fault={faults["options.concurrency"]}
            placeholder="as each judge says"
            inputMode="numeric"
          />
        )}
      </div>
      <Fault fault={faults.options} />
    </section>
  );
}
