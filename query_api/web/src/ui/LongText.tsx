import { memo, useMemo, useState } from "react";
import { count } from "@/ui/format";
import styles from "@/ui/Messages.module.css";
import { cut, visible } from "@/ui/visible";

const FIRST_CHARS = 4_000;
const MORE_CHARS = 50_000;
const PIECE_CHARS = 10_000;

/** Pieces of a text that the browser lays out apart, and only when they come into sight. */
function pieces(text: string): string[] {
  const found: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const room = cut(rest, PIECE_CHARS);
    const lineEnd = rest.length > PIECE_CHARS ? room.lastIndexOf("\n") : -1;
    // The break between two pieces stands for the line feed.
    const piece = lineEnd > 0 ? room.slice(0, lineEnd) : room;
    found.push(piece);
    rest = rest.slice(lineEnd > 0 ? lineEnd + 1 : piece.length);
  }
  return found;
}

/** Untrusted text of any length: a part first, more on demand, and nothing hidden within it. */
export const LongText = memo(function LongText({ text, isCode = false }: { text: string; isCode?: boolean }) {
  const [chars, setChars] = useState(FIRST_CHARS);
  const shown = useMemo(() => pieces(visible(cut(text, chars))), [text, chars]);
  const left = text.length - chars;
  return (
    <div className={isCode ? styles.code : styles.text}>
      {shown.map((piece, index) => (
        <div key={index} dir="auto" className={shown.length > 1 ? styles.piece : undefined}>
          {piece}
        </div>
      ))}
      {left > 0 && (
        <button
          type="button"
          className={`button small ${styles.more}`}
          onClick={() => setChars(chars + MORE_CHARS)}
        >
          Show {count(Math.min(left, MORE_CHARS))} of {count(left)} more characters
        </button>
      )}
    </div>
  );
});
