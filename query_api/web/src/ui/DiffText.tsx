import { useMemo, useState } from "react";
import styles from "@/ui/DiffText.module.css";
import { type Line, linesOf, type Piece } from "@/ui/diff";

interface Props {
  /** Null: there is none on this side. */
  before: string | null;
  after: string | null;
  beforeLabel?: string;
  afterLabel?: string;
}

const CONTEXT_LINES = 3;
const MAX_LINES = 5_000;

/** Lines in a row that are shown, or that are all the same and far from any change. */
interface Part {
  lines: Line[];
  isFolded: boolean;
}

/** Cuts out what is the same for long, but for a few lines around each change. */
export function partsOf(lines: readonly Line[]): Part[] {
  const isNear = lines.map(() => false);
  lines.forEach((line, index) => {
    if (line.isSame) return;
    for (let at = index - CONTEXT_LINES; at <= index + CONTEXT_LINES; at++)
      if (at >= 0 && at < lines.length) isNear[at] = true;
  });
  const parts: Part[] = [];
  lines.forEach((line, index) => {
    const isFolded = !isNear[index];
    const last = parts.at(-1);
    if (last?.isFolded === isFolded) last.lines.push(line);
    else parts.push({ lines: [line], isFolded });
  });
  return parts;
}

function Side({ pieces, sign }: { pieces: Piece[] | null; sign: " " | "−" | "+" }) {
  if (pieces === null) return <td className={`${styles.text} ${styles.none}`} />;
  const kind = sign === "−" ? styles.removed : sign === "+" ? styles.added : "";
  const Mark = sign === "−" ? "del" : "ins";
  return (
    <td className={`${styles.text} ${kind}`}>
      <span className={styles.sign} aria-hidden="true">
        {sign}
      </span>
      {pieces.map((piece, index) =>
        piece.isMarked ? <Mark key={index}>{piece.text}</Mark> : <span key={index}>{piece.text}</span>,
      )}
    </td>
  );
}

function Lines({ lines }: { lines: readonly Line[] }) {
  return lines.map((line, index) => (
    <tr key={index}>
      <Side pieces={line.before} sign={line.isSame ? " " : "−"} />
      <Side pieces={line.after} sign={line.isSame ? " " : "+"} />
    </tr>
  ));
}

/** Two texts beside one another: the lines, and the words in them, that differ. Long equal parts are folded. */
export function DiffText({ before, after, beforeLabel = "Before", afterLabel = "After" }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  const lines = useMemo(() => linesOf(before ?? "", after ?? ""), [before, after]);
  const parts = useMemo(() => partsOf(lines.slice(0, MAX_LINES)), [lines]);
  const head = (label: string, text: string | null) => (
    <th scope="col">
      {label}
      {text === null && <span className="muted"> · nothing recorded</span>}
    </th>
  );
  return (
    <table className={styles.diff}>
      <thead>
        <tr>
          {head(beforeLabel, before)}
          {head(afterLabel, after)}
        </tr>
      </thead>
      <tbody>
        {parts.map((part, index) =>
          part.isFolded && !isWhole && part.lines.length > 1 ? (
            <tr key={index}>
              <td colSpan={2} className={styles.fold}>
                <button type="button" className="button quiet small" onClick={() => setIsWhole(true)}>
                  {part.lines.length} lines are the same: show
                </button>
              </td>
            </tr>
          ) : (
            <Lines key={index} lines={part.lines} />
          ),
        )}
        {lines.length > MAX_LINES && (
          <tr>
            <td colSpan={2} className={styles.fold}>
              {lines.length - MAX_LINES} more lines are not shown
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
