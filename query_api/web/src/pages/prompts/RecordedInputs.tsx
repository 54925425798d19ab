import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Period } from "@/api/period";
import { type Kind, MAX_RECORDED, recordedRows } from "@/pages/prompts/recordedRows";
import type { Row } from "@/pages/prompts/rows";
import styles from "@/pages/prompts/Workbench.module.css";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { FilterBox } from "@/ui/FilterBox";
import { ModelPicker } from "@/ui/ModelPicker";
import { PeriodPicker } from "@/ui/PeriodPicker";

interface Props {
  variables: readonly string[];
  onRows: (rows: Row[]) => void;
}

const DEFAULT_COUNT = 20;
const ANY_VARIABLE = "question";

function Form({ variables, onRows, onClose }: Props & { onClose: () => void }) {
  const [filter, setFilter] = useState("");
  const [modelIds, setModelIds] = useState<string[]>([]);
  const [period, setPeriod] = useState<Period>({ since: "24h" });
  const [limit, setLimit] = useState(DEFAULT_COUNT);
  const [kind, setKind] = useState<Kind>(variables.length === 0 ? "messages" : "variable");
  const [variable, setVariable] = useState(variables[0] ?? ANY_VARIABLE);
  const taking = useMutation({
    mutationFn: () =>
      recordedRows({ filter, modelId: modelIds[0] ?? "", period, limit, kind, variable }, variables),
    onSuccess: (rows) => {
      if (rows.length === 0) return;
      onRows(rows);
      onClose();
    },
  });
  const isLimitGood = Number.isInteger(limit) && limit >= 1 && limit <= MAX_RECORDED;
  return (
    <div className="stack">
      <FilterBox value={filter} onSubmit={setFilter} period={period} label="Which traces" />
      <ModelPicker value={modelIds} onChange={setModelIds} max={1} label="Version" />
      <div className="row">
        <PeriodPicker period={period} onChange={setPeriod} />
        <label className="row">
          The newest
          <input
            className={`field ${styles.small}`}
            type="number"
            min={1}
            max={MAX_RECORDED}
            value={Number.isNaN(limit) ? "" : limit}
            onChange={({ target }) => setLimit(target.valueAsNumber)}
          />
          traces
        </label>
      </div>
      <fieldset className={styles.fieldset}>
        <legend>Take of each</legend>
        <label className={styles.choice}>
          <input
            type="radio"
            name="kind"
            checked={kind === "variable"}
            onChange={() => setKind("variable")}
          />
          <span>
            its input, as the value of{" "}
            <select
              className="field"
              aria-label="Variable"
              value={variable}
              onChange={({ target }) => setVariable(target.value)}
            >
              {(variables.length > 0 ? variables : [ANY_VARIABLE]).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </span>
        </label>
        <label className={styles.choice}>
          <input
            type="radio"
            name="kind"
            checked={kind === "messages"}
            onChange={() => setKind("messages")}
          />
          <span>
            the messages of its first call to a language model, sent after the template's; where the template
            has a system message, it replaces the recorded one
          </span>
        </label>
      </fieldset>
      {!isLimitGood && <p className={styles.fault}>Take 1 to {MAX_RECORDED} traces.</p>}
      {taking.error && <ErrorBox error={taking.error} />}
      {taking.data?.length === 0 && (
        <p role="alert" className={styles.fault}>
          No trace with such an input: choose a longer period, or another filter.
        </p>
      )}
      <div className="row spread">
        <span className="muted">They take the place of the rows that are there.</span>
        <button
          type="button"
          className="button primary"
          disabled={!isLimitGood || taking.isPending}
          onClick={() => taking.mutate()}
        >
          {taking.isPending ? "Reading…" : "Take these rows"}
        </button>
      </div>
    </div>
  );
}

/** A dialog that takes rows from recorded traffic. */
export function RecordedInputs({ variables, onRows }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" className="button small" onClick={() => setIsOpen(true)}>
        Recorded inputs
      </button>
      <Dialog title="Rows from recorded traffic" isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <Form variables={variables} onRows={onRows} onClose={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}
