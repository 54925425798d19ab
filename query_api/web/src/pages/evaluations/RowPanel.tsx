import { Link } from "@tanstack/react-router";
import styles from "@/pages/evaluations/RowsTab.module.css";
import type { Row } from "@/pages/evaluations/rows";
import type { Score } from "@/pages/evaluations/scoreStream";
import { useWholeTexts } from "@/pages/evaluations/traceTexts";
import { ErrorBox } from "@/ui/ErrorBox";
import { score, usd } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Messages } from "@/ui/Messages";

function Said({ found }: { found: Score }) {
  const value = found.value === null ? "" : score(found.value);
  const given = [found.scorer, found.cost_usd ? usd(found.cost_usd) : ""].filter(Boolean).join(", ");
  return (
    <li>
      <div className="row spread">
        <span>
          {found.name}{" "}
          {found.error === null && <strong>{[found.label, value].filter(Boolean).join(" ")}</strong>}
        </span>
        {given !== "" && <span className="muted">{given}</span>}
      </div>
      {found.error !== null && <p className={`${styles.failed} ${styles.why}`}>{found.error}</p>}
      {found.explanation !== null && <p className={styles.why}>{found.explanation}</p>}
    </li>
  );
}

function Texts({ row }: { row: Row }) {
  const texts = useWholeTexts(row.traceId, row.modelId);
  if (texts.error !== null) return <ErrorBox error={texts.error} onRetry={() => void texts.refetch()} />;
  if (texts.data === undefined) return <Loading heightPx={160} />;
  if (texts.data === null)
    return <p className="muted">The trace is not there any more: its time was over.</p>;
  const { input, output, expectations } = texts.data;
  return (
    <>
      <h3>Input</h3>
      <Messages text={input} label="Input" />
      <h3>Output</h3>
      <Messages text={output} label="Output" />
      {Object.entries(expectations).map(([name, value]) => (
        <div key={name} className="stack" style={{ gap: 6 }}>
          <h3>Expected: {name}</h3>
          <Messages text={unquoted(value)} label={name} />
        </div>
      ))}
    </>
  );
}

/** An expectation is JSON: of a text, what it says. */
function unquoted(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : json;
  } catch {
    return json;
  }
}

interface Props {
  row: Row;
  names: readonly string[];
  onClose: () => void;
}

/** One row in full: each score with its justification, and what went in and came out. */
export function RowPanel({ row, names, onClose }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <aside className={`card ${styles.panel}`} aria-label="Row" tabIndex={0}>
      <div className="row spread">
        <Link to="/traces/$traceId" params={{ traceId: row.traceId }} search={{ span: row.spanId }}>
          Trace <span className="mono">{row.traceId.slice(0, 8)}</span>
        </Link>
        <button type="button" className="button quiet small" onClick={onClose}>
          Close
        </button>
      </div>
      <ul className={styles.scores}>
        {names.map((name) => {
          const found = row.scores[name];
          return found === undefined ? (
            <li key={name} className="muted">
              {name}: no score, the trace lacks something
            </li>
          ) : (
            <Said key={name} found={found} />
          );
        })}
      </ul>
      <Texts row={row} />
    </aside>
  );
}
