import { type RefObject, useState } from "react";
import styles from "@/pages/trace/Trace.module.css";
import { count } from "@/ui/format";

interface Props {
  input: RefObject<HTMLInputElement | null>;
  text: string;
  hits: readonly number[] | null;
  chosen: number;
  onText: (text: string) => void;
  /** To the next hit or the one before. */
  onStep: (step: 1 | -1) => void;
}

function said(hits: readonly number[] | null, chosen: number): string {
  if (hits === null) return "…";
  if (hits.length === 0) return "no hit";
  const at = hits.indexOf(chosen);
  if (at >= 0) return `${count(at + 1)} of ${count(hits.length)}`;
  return hits.length === 1 ? "1 hit" : `${count(hits.length)} hits`;
}

/** Searches names, texts, attributes and events of the trace's spans; Enter goes to the next hit. */
export function FindBox({ input, text, hits, chosen, onText, onStep }: Props) {
  const [typed, setTyped] = useState(text);
  return (
    <form
      className={styles.find}
      aria-label="Search in this trace"
      onSubmit={(event) => {
        event.preventDefault();
        onStep(1);
      }}
    >
      <input
        ref={input}
        type="search"
        className="field"
        aria-label="Search in this trace"
        placeholder="Search in this trace"
        maxLength={500}
        value={typed}
        onChange={({ target: { value } }) => {
          setTyped(value);
          onText(value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      {text !== "" && (
        <span className={styles.hits} aria-live="polite">
          {said(hits, chosen)}
        </span>
      )}
      {hits !== null && hits.length > 0 && (
        <>
          <button type="button" className="button small" aria-label="Previous hit" onClick={() => onStep(-1)}>
            ↑
          </button>
          <button type="submit" className="button small" aria-label="Next hit">
            ↓
          </button>
        </>
      )}
    </form>
  );
}
