import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useShortcuts } from "@/app/shortcuts";
import { EndpointPicker } from "@/pages/prompts/EndpointPicker";
import { EvaluationProgress } from "@/pages/prompts/EvaluationProgress";
import { useFacts } from "@/pages/prompts/facts";
import { DropZone, ImportRows } from "@/pages/prompts/ImportRows";
import { plannedColumns, problemOf } from "@/pages/prompts/plan";
import { RecordedInputs } from "@/pages/prompts/RecordedInputs";
import { ResultGrid } from "@/pages/prompts/ResultGrid";
import { RunBar } from "@/pages/prompts/RunBar";
import type { Row } from "@/pages/prompts/rows";
import { SaveDialog } from "@/pages/prompts/SaveDialog";
import { ScoreDialog } from "@/pages/prompts/ScoreDialog";
import { SettingsFields } from "@/pages/prompts/SettingsFields";
import type { Search } from "@/pages/prompts/search";
import { readSettings } from "@/pages/prompts/settings";
import { grid } from "@/pages/prompts/sharedGrid";
import { TemplateEditor } from "@/pages/prompts/TemplateEditor";
import { isBlank, variablesOf } from "@/pages/prompts/template";
import { type OpenDraft, useDraft } from "@/pages/prompts/useDraft";
import styles from "@/pages/prompts/Workbench.module.css";
import { type Bench, draftKey, loadBench, saveBench, saveDraft, savePlace } from "@/pages/prompts/workspace";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";

const SAVE_AFTER_MS = 300;

/** Rows and endpoints, kept in the browser. */
function useBench(): [Bench, (update: Partial<Bench>) => void] {
  const [bench, setBench] = useState(loadBench);
  useEffect(() => {
    const save = () => void saveBench(bench);
    const timer = setTimeout(save, SAVE_AFTER_MS);
    window.addEventListener("pagehide", save);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", save);
      save();
    };
  }, [bench]);
  return [bench, (update) => setBench((known) => ({ ...known, ...update }))];
}

/** What is open, and the ways to something else. */
function Origin({ open, search }: { open: OpenDraft; search: Search }) {
  const navigate = useNavigate();
  const { version, calls } = open;
  return (
    <div className={styles.origin}>
      {version !== null ? (
        <span>
          <Link to="/prompts" search={{ name: version.name, version: version.version }}>
            {version.name}, version {version.version}
          </Link>
          {open.isChanged && <strong> · changed</strong>}
        </span>
      ) : search.trace_id !== undefined ? (
        <span>
          A call recorded in{" "}
          <Link to="/traces/$traceId" params={{ traceId: search.trace_id }}>
            trace <code>{search.trace_id.slice(0, 8)}</code>
          </Link>
          {open.isChanged && <strong> · changed</strong>}
        </span>
      ) : (
        <span>A new prompt</span>
      )}
      {calls.length > 1 && (
        <label className="row">
          Call
          <select
            className="field"
            value={search.span_id ?? calls[0]?.span_id}
            onChange={({ target }) =>
              void navigate({ to: "/prompts", search: { ...search, span_id: target.value }, replace: true })
            }
          >
            {calls.map((span, index) => (
              <option key={span.span_id} value={span.span_id}>
                {index + 1} of {calls.length}: {span.name}
              </option>
            ))}
          </select>
        </label>
      )}
      {open.isChanged && (
        <button type="button" className="button small" onClick={open.discard}>
          Discard changes
        </button>
      )}
      {(version !== null || search.trace_id !== undefined) && (
        <Link className="button small" to="/prompts" search={{ tab: "workbench" }}>
          New prompt
        </Link>
      )}
    </div>
  );
}

/** Write a prompt, ask several endpoints about several rows, look, score, and save it as a version. */
export function Workbench({ search }: { search: Search }) {
  const navigate = useNavigate();
  const open = useDraft(search);
  const [bench, setBench] = useBench();
  const [evaluationId, setEvaluationId] = useState<string | null>(null);
  const [savedAs, setSavedAs] = useState<string | null>(null);
  const state = useSyncExternalStore(grid.subscribe, grid.snapshot);
  useFacts(grid, state);
  useEffect(() => savePlace(search), [search]);
  const { draft } = open;
  const variables = variablesOf(draft.template);
  const read = readSettings(draft.form);
  const problem = problemOf(draft.template, read, bench, variables);
  const run = () => {
    if (problem !== null) return;
    setEvaluationId(null);
    grid.start(plannedColumns(draft, read, bench.endpoints, open), bench.rows);
  };
  useShortcuts([{ keys: "r", label: "Run all rows against the chosen endpoints", run }]);
  const setRows = (rows: Row[]) => setBench({ rows });
  if (open.isLoading) return <Loading heightPx={420} />;
  if (open.error) return <ErrorBox error={open.error} onRetry={open.retry} />;
  return (
    <>
      <div className={styles.bar}>
        <Origin open={open} search={search} />
        {savedAs !== null && (
          <span role="status" className={styles.saved}>
            Saved as {savedAs}
          </span>
        )}
        <SaveDialog
          key={draftKey(search)}
          template={draft.template}
          read={read}
          version={open.version}
          endpoints={bench.endpoints}
          isDisabled={Object.keys(read.errors).length > 0 || isBlank(draft.template)}
          onSaved={(saved) => {
            setSavedAs(`${saved.name}, version ${saved.version}`);
            if (open.version === null) saveDraft(draftKey(search), null);
            else open.discard();
            const place = { tab: "workbench" as const, name: saved.name, version: saved.version };
            void navigate({ to: "/prompts", search: place });
          }}
        />
      </div>
      <div className={styles.top}>
        <TemplateEditor template={draft.template} onChange={(template) => open.change({ template })} />
        <div className="card stack">
          <EndpointPicker value={bench.endpoints} onChange={(endpoints) => setBench({ endpoints })} />
          <SettingsFields form={draft.form} errors={read.errors} onChange={(form) => open.change({ form })} />
        </div>
      </div>
      <DropZone onRows={setRows}>
        <section className="card stack" aria-labelledby="rows-title">
          <div className={styles.bar}>
            <h2 id="rows-title">Rows and answers</h2>
            <div className="row">
              <ImportRows onRows={setRows} />
              <RecordedInputs variables={variables} onRows={setRows} />
            </div>
          </div>
          <RunBar
            state={state}
            callCount={bench.rows.length * bench.endpoints.length}
            problem={problem}
            onRun={run}
            onStop={() => grid.stop()}
          >
            <ScoreDialog state={state} rows={bench.rows} onStarted={setEvaluationId} />
          </RunBar>
          {evaluationId !== null && (
            <EvaluationProgress key={evaluationId} evaluationId={evaluationId} grid={grid} />
          )}
          <ResultGrid grid={grid} state={state} rows={bench.rows} variables={variables} onRows={setRows} />
        </section>
      </DropZone>
    </>
  );
}
