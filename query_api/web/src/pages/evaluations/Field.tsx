import { type ReactNode, useId } from "react";
import styles from "@/pages/evaluations/NewEvaluation.module.css";

interface Props {
  label: string;
  value: string | undefined;
  onChange: (text: string | undefined) => void;
  fault?: string | undefined;
  placeholder?: string;
  hint?: ReactNode;
  /** Lines of a text that is long. */
  lines?: number;
  inputMode?: "decimal" | "numeric";
  /** What is offered while one types. */
  offers?: readonly string[];
}

/** A labelled field of a form, and what is wrong with it. */
export function Field({ label, value, onChange, fault, placeholder, hint, lines, inputMode, offers }: Props) {
  const id = useId();
  const told = [hint !== undefined && `${id}-hint`, fault !== undefined && `${id}-fault`]
    .filter(Boolean)
    .join(" ");
  const common = {
    id,
    className: `field ${styles.input}`,
    value: value ?? "",
    placeholder,
    "aria-invalid": fault !== undefined,
    "aria-describedby": told || undefined,
  };
  const change = (text: string) => onChange(text === "" ? undefined : text);
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {lines === undefined ? (
        <input
          {...common}
          inputMode={inputMode}
          list={offers && `${id}-offers`}
          onChange={({ target }) => change(target.value)}
        />
      ) : (
        <textarea {...common} rows={lines} onChange={({ target }) => change(target.value)} />
      )}
      {offers && (
        <datalist id={`${id}-offers`}>
          {offers.map((offer) => (
            <option key={offer} value={offer} />
          ))}
        </datalist>
      )}
      {hint !== undefined && (
        <span id={`${id}-hint`} className={styles.hint}>
          {hint}
        </span>
      )}
      <Fault id={`${id}-fault`} fault={fault} />
    </div>
  );
}

/** What is wrong with a part of the form. */
export function Fault({ fault, id }: { fault: string | undefined; id?: string }) {
  return fault === undefined ? null : (
    <span id={id} role="alert" className={styles.fault}>
      {fault}
    </span>
  );
}
