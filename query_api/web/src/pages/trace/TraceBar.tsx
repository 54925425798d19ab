import { useMemo, useRef } from "react";
import { useShortcuts } from "@/app/shortcuts";
import { FindBox } from "@/pages/trace/FindBox";
import { nextOf } from "@/pages/trace/find";
import { zoomed } from "@/pages/trace/scale";
import styles from "@/pages/trace/Trace.module.css";
import { errorsOf, type Tree } from "@/pages/trace/tree";
import type { TraceState } from "@/pages/trace/useTraceState";
import { count } from "@/ui/format";

const CLOSER = 0.5;
/** Around a span that is zoomed to, as a share of its length. */
const MARGIN = 0.1;
const MAX_LEVELS = 20;

interface Props {
  tree: Tree;
  state: TraceState;
  depth: number | undefined;
  isCritical: boolean;
  text: string;
  hits: readonly number[] | null;
}

interface LevelProps {
  maxDepth: number;
  depth: number | undefined;
  onDepth: (depth: number | undefined) => void;
}

/** Opens the tree down to a level. */
function Levels({ maxDepth, depth, onDepth }: LevelProps) {
  if (maxDepth === 0) return null;
  const levels = Array.from({ length: Math.min(maxDepth, MAX_LEVELS) }, (_, level) => level + 1);
  if (depth !== undefined && !levels.includes(depth)) levels.push(depth);
  return (
    <select
      className={`field ${styles.levels}`}
      aria-label="Open levels"
      value={depth ?? "all"}
      onChange={({ target: { value } }) => onDepth(value === "all" ? undefined : Number(value))}
    >
      <option value="all">All levels</option>
      {levels.map((level) => (
        <option key={level} value={level}>
          {level === 1 ? "1 level" : `${level} levels`}
        </option>
      ))}
    </select>
  );
}

/** What can be done with the waterfall: search in it, go from error to error, open levels, zoom. */
export function TraceBar({ tree, state, depth, isCritical, text, hits }: Props) {
  const { put, chosen, choose, setDepth, view, setView, rows } = state;
  const input = useRef<HTMLInputElement>(null);
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
  return (
    <div className={styles.bar}>
      <FindBox
        input={input}
        text={text}
        hits={hits}
        chosen={chosen}
        onText={(value) => put({ find: value || undefined })}
        onStep={(step) => goTo(hits ?? [], step)}
      />
      {errors.length > 0 && (
        <button type="button" className={`button small ${styles.errors}`} onClick={() => goToError(1)}>
          {errors.includes(chosen) && errors.length > 1
            ? `Error ${errors.indexOf(chosen) + 1} of ${count(errors.length)}, next`
            : errors.length === 1
              ? "1 error"
              : `First of ${count(errors.length)} errors`}
        </button>
      )}
      <span className={styles.tools}>
        <Levels maxDepth={tree.maxDepth} depth={depth} onDepth={setDepth} />
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
