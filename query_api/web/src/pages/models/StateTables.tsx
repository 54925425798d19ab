import styles from "@/pages/models/History.module.css";
import { type Line, type State, sectionsOf } from "@/pages/models/history";
import { DiffText } from "@/ui/DiffText";

const MAX_INLINE_CHARS = 200;

function isLong(text: string | null): boolean {
  return text !== null && (text.includes("\n") || text.length > MAX_INLINE_CHARS);
}

/** A value; a long one folded. */
export function Value({ text }: { text: string }) {
  if (!isLong(text)) return <span className={styles.value}>{text}</span>;
  return (
    <details>
      <summary className="ellipsis">{text.slice(0, 80)}…</summary>
      <pre className={styles.long}>{text}</pre>
    </details>
  );
}

const WORDS = { added: "new", changed: "changed", removed: "removed", same: "" } as const;

function LineRow({ line }: { line: Line }) {
  const isText = line.change === "changed" && (isLong(line.value) || isLong(line.before));
  return (
    <tr className={line.change === "same" ? undefined : styles[line.change]}>
      <th scope="row" className={styles.key}>
        {line.key}
        {line.change !== "same" && <span className={styles.change}>{WORDS[line.change]}</span>}
      </th>
      <td>
        {isText ? (
          <DiffText before={line.before} after={line.value} />
        ) : (
          <>
            {line.before !== null && line.change !== "same" && (
              <>
                <del>
                  <Value text={line.before} />
                </del>{" "}
              </>
            )}
            {line.value !== null && <Value text={line.value} />}
          </>
        )}
      </td>
    </tr>
  );
}

/** All that a state says; marked is what differs from the one before. */
export function StateTables({ state, before }: { state: State; before: State | null }) {
  const sections = sectionsOf(state, before);
  return (
    <div className={styles.sections}>
      {sections.map(({ title, lines }) => (
        <section key={title} aria-label={title}>
          <h3>
            {title} <span className="muted">{lines.length}</span>
          </h3>
          {lines.length === 0 ? (
            <p className="muted">None.</p>
          ) : (
            <table className={`plain-table ${styles.lines}`}>
              <tbody>
                {lines.map((line) => (
                  <LineRow key={line.key} line={line} />
                ))}
              </tbody>
            </table>
          )}
        </section>
      ))}
    </div>
  );
}
