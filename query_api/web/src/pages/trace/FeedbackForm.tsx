import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { type Draft, feedbackOf, type Kind } from "@/pages/trace/feedback";
import styles from "@/pages/trace/Panel.module.css";
import type { Span } from "@/pages/trace/tree";
import { ErrorBox } from "@/ui/ErrorBox";

const KINDS: readonly [Kind, string][] = [
  ["thumb", "Thumbs"],
  ["number", "Number"],
  ["label", "Label"],
  ["expectation", "Right answer"],
];
const WHO_KEY = "spanfold.source_id";
const EMPTY: Draft = { kind: "thumb", name: "helpful", value: "", rationale: "", isOfSpan: false, who: "" };

function remembered(): string {
  try {
    return localStorage.getItem(WHO_KEY) ?? "";
  } catch {
    return ""; // the browser keeps nothing for this page
  }
}

function remember(who: string): void {
  try {
    localStorage.setItem(WHO_KEY, who);
  } catch {
    // as above
  }
}

/** Sends what a person says, and has what shows it asked for anew. */
function useSend(traceId: string, onStored: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ draft, spanId }: { draft: Draft; spanId: string }) => {
      const { path, body } = feedbackOf(draft, spanId);
      const params = { path: { trace_id: traceId } };
      return path === "feedback"
        ? answer(api.POST("/v1/traces/{trace_id}/feedback", { params, body }))
        : answer(api.POST("/v1/traces/{trace_id}/expectations", { params, body }));
    },
    onSuccess: (_, { draft }) => {
      remember(draft.who);
      onStored();
      void queries.invalidateQueries({ queryKey: ["trace-expectations", traceId] });
      return queries.invalidateQueries({ queryKey: ["trace", traceId] });
    },
  });
}

function Value({ draft, change }: { draft: Draft; change: (changes: Partial<Draft>) => void }) {
  if (draft.kind === "thumb")
    return (
      // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame
      <div role="group" aria-label="Value" className="row">
        {(["true", "false"] as const).map((value) => (
          <button
            key={value}
            type="button"
            className="button small"
            aria-pressed={draft.value === value}
            onClick={() => change({ value })}
          >
            {value === "true" ? "Good" : "Bad"}
          </button>
        ))}
      </div>
    );
  if (draft.kind === "expectation")
    return (
      <label className={styles.wide}>
        Right answer
        <textarea
          className="field"
          rows={3}
          required
          value={draft.value}
          onChange={({ target: { value } }) => change({ value })}
        />
      </label>
    );
  return (
    <label>
      Value
      <input
        className="field"
        type={draft.kind === "number" ? "number" : "text"}
        step="any"
        maxLength={500}
        required
        value={draft.value}
        onChange={({ target: { value } }) => change({ value })}
      />
    </label>
  );
}

/** Says what one thinks of the trace, or of the chosen span. */
export function FeedbackForm({ trace, span }: { trace: Schemas["TraceDetail"]; span: Span }) {
  const [draft, setDraft] = useState<Draft>(() => ({ ...EMPTY, who: remembered() }));
  const [stored, setStored] = useState("");
  const names = useId();
  const change = (changes: Partial<Draft>) => {
    setStored("");
    setDraft((before) => ({ ...before, ...changes }));
  };
  const send = useSend(trace.trace_id, () => {
    setStored(draft.name);
    setDraft((before) => ({ ...before, value: "", rationale: "" }));
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate({ draft, spanId: span.span_id });
  };
  const isExpectation = draft.kind === "expectation";
  return (
    <form className={styles.feedback} aria-label="Give feedback" onSubmit={submit}>
      <h3>Give feedback</h3>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame */}
      <div role="group" aria-label="Kind" className="row">
        {KINDS.map(([kind, name]) => (
          <button
            key={kind}
            type="button"
            className="button small"
            aria-pressed={draft.kind === kind}
            onClick={() => {
              const given = kind === "expectation" ? "expected_response" : "helpful";
              const isGiven = draft.name === "helpful" || draft.name === "expected_response";
              change({ kind, value: "", name: isGiven ? given : draft.name });
            }}
          >
            {name}
          </button>
        ))}
      </div>
      <div className={styles.fields}>
        <label>
          Name
          <input
            className="field"
            list={names}
            maxLength={isExpectation ? 250 : 500}
            required
            value={draft.name}
            onChange={({ target: { value } }) => change({ name: value })}
          />
        </label>
        <datalist id={names}>
          {[...new Set(trace.scores.map((one) => one.name))].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Value draft={draft} change={change} />
        {!isExpectation && (
          <label className={styles.wide}>
            Why
            <textarea
              className="field"
              rows={2}
              maxLength={8_000}
              value={draft.rationale}
              onChange={({ target: { value } }) => change({ rationale: value })}
            />
          </label>
        )}
        <label>
          Your name
          <input
            className="field"
            maxLength={500}
            value={draft.who}
            onChange={({ target: { value } }) => change({ who: value })}
          />
        </label>
        <label>
          Of
          <select
            className="field"
            value={draft.isOfSpan ? "span" : "trace"}
            onChange={({ target: { value } }) => change({ isOfSpan: value === "span" })}
          >
            <option value="trace">the whole trace</option>
            <option value="span">this span</option>
          </select>
        </label>
      </div>
      {send.error && <ErrorBox error={send.error} />}
      <div className="row">
        <button
          type="submit"
          className="button primary"
          disabled={send.isPending || (draft.kind === "thumb" && draft.value === "")}
        >
          {send.isPending ? "Storing" : "Store"}
        </button>
        <span role="status" className="muted">
          {stored !== "" && `Stored: ${stored}`}
        </span>
      </div>
    </form>
  );
}
