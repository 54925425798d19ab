import { useMemo, useRef, useState } from "react";
import { useShortcuts } from "@/app/shortcuts";
import { nextOf } from "@/pages/trace/find";
import { zoomed } from "@/pages/trace/scale";
import styles from "@/pages/trace/Trace.module.css";
import { errorsOf, type Tree } from "@/pages/trace/tree";
import type { TraceState } from "@/pages/trace/useTraceState";
import { count } from "@/ui/format";

const CLOSER = 0.5;
/** Around a span that is zoomed to, as a share of its length. */
const MARGIN = 0.1;

interface Props {
  tree: Tree;
  state: TraceState;
  depth: number | undefined;
  isCritical: boolean;
  text: string;
  hits: readonly number[] | null;
}

/** What can be done with the waterfall: search in it, go from error to error, open levels, zoom. */
export function TraceBar({ tree, state, depth, isCritical, text, hits }: Props) {
  const { put, chosen, choose, setDepth, view, setView, rows } = state;
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  const errors = useMemo(() => errorsOf(tree), [tree]);

  const goTo = (indexes: readonly number[], step: 1 | -1) => {
    const next = nextOf(indexes, chosen, step);
    if (next !== null) choose(next);
  };
  const goToError = (step: 1 | -1) => {
    // The first error is the one that failed first, wherever it stands.
    choose((errors.includes(chosen) ? nextOf(errors, chosen, step) : errors[0]) ?? chosen);
  };
  const zoom = (factor: number) => {
    const node = tree.nodes[chosen];
    const middleMs = (view.fromMs + view.toMs) / 2;
    const startMs = node?.startMs ?? middleMs;
    const isInSight = startMs >= view.fromMs && startMs <= view.toMs;
    setView(zoomed(view, factor, isInSight ? startMs : middleMs, tree.durationMs));
  };
  const zoomToSpan = () => {
    const node = tree.nodes[chosen];
    if (node === undefined) return;
    const marginMs = Math.max((node.endMs - node.startMs) * MARGIN, 1e-3);
    setView({ fromMs: node.startMs - marginMs, toMs: node.endMs + marginMs });
  };
  const showAll = () => setView({ fromMs: 0, toMs: tree.durationMs });
  const row = (step: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(chosen) + step))];
    if (next !== undefined) choose(next);
  };
  useShortcuts([
    { keys: "j", label: "Next span", run: () => row(1) },
    { keys: "k", label: "Previous span", run: () => row(-1) },
    { keys: "e", label: "First error, then the next", run: () => goToError(1) },
    { keys: "E", label: "Previous error", run: () => goToError(-1) },
    { keys: "/", label: "Search in this trace", run: () => input.current?.focus() },
    { keys: "n", label: "Next hit", run: () => goTo(hits ?? [], 1) },
    { keys: "N", label: "Previous hit", run: () => goTo(hits ?? [], -1) },
    { keys: "x", label: "Critical path", run: () => put({ critical: isCritical ? undefined : true }) },
    { keys: "z", label: "Zoom to the span", run: zoomToSpan },
    { keys: "+", label: "Zoom in", run: () => zoom(CLOSER) },
    { keys: "-", label: "Zoom out", run: () => zoom(1 / CLOSER) },
    { keys: "0", label: "The whole time", run: showAll },
    { keys: "1", label: "Collapse all", run: () => setDepth(1) },
    { keys: "*", label: "Expand all", run: () => setDepth(undefined) },
  ]);
  const levels = Math.min(tree.maxDepth, 20);
  const isDeeper = depth !== undefined && depth > levels;
  return (
    <div className={styles.bar}>
      <form
        aria-label="Search in this trace"
        className={styles.find}
        onSubmit={(event) => {
          event.preventDefault();
          goTo(hits ?? [], 1);
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
            put({ find: value || undefined });
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        {text !== "" && (
          <span className={styles.hits} aria-live="polite">
            {hits === null
              ? "…"
              : hits.length === 0
                ? "no hit"
                : `${count(Math.max(0, hits.indexOf(chosen)) + (hits.includes(chosen) ? 1 : 0))} of ${count(hits.length)}`}
          </span>
        )}
        {hits !== null && hits.length > 0 && (
          <>
            <button
              type="button"
              className="button small"
              aria-label="Previous hit"
              onClick={() => goTo(hits, -1)}
            >
              ↑
            </button>
            <button type="submit" className="button small" aria-label="Next hit">
              ↓
            </button>
          </>
        )}
      </form>
      {errors.length > 0 && (
        <button type="button" className={`button small ${styles.errors}`} onClick={() => goToError(1)}>
          {errors.includes(chosen)
            ? `Error ${errors.indexOf(chosen) + 1} of ${count(errors.length)}, next`
            : `First of ${count(errors.length)} ${errors.length === 1 ? "error" : "errors"}`}
        </button>
      )}
      <span className={styles.tools}>
        {tree.maxDepth > 0 && (
          <select
            className={`field ${styles.levels}`}
            aria-label="Open levels"
            value={depth ?? "all"}
            onChange={({ target: { value } }) => setDepth(value === "all" ? undefined : Number(value))}
          >
            <option value="all">All levels</option>
            {Array.from({ length: levels }, (_, level) => (
              <option key={level} value={level + 1}>
                {level === 0 ? "1 level" : `${level + 1} levels`}
              </option>
            ))}
            {isDeeper && <option value={depth}>{depth} levels</option>}
          </select>
        )}
        <button
          type="button"
          className="button small"
          aria-pressed={isCritical}
          onClick={() => put({ critical: isCritical ? undefined : true })}
        >
          Critical path
        </button>
        <button type="button" className="button small" aria-label="Zoom out" onClick={() => zoom(1 / CLOSER)}>
          −
        </button>
        <button type="button" className="button small" aria-label="Zoom in" onClick={() => zoom(CLOSER)}>
          +
        </button>
        <button type="button" className="button small" onClick={zoomToSpan}>
          Zoom to span
        </button>
        {(view.fromMs > 0 || view.toMs < tree.durationMs) && (
          <button type="button" className="button small" onClick={showAll}>
            Whole time
          </button>
        )}
      </span>
    </div>
  );
}
