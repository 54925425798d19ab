import { type DragEvent, type ReactNode, useState } from "react";
import { EXPECTED, MAX_ROWS, MAX_TEXT_BYTES, parseRows, type Row } from "@/pages/prompts/rows";
import styles from "@/pages/prompts/Workbench.module.css";
import { Dialog } from "@/ui/Dialog";
import { bytes } from "@/ui/format";

/** The rows of a file. @throws RowsError where it cannot be read as a table. */
async function rowsIn(file: File): Promise<Row[]> {
  if (file.size > MAX_TEXT_BYTES)
    throw new Error(`${file.name} has ${bytes(file.size)}, at most ${bytes(MAX_TEXT_BYTES)} are taken`);
  return parseRows(await file.text());
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface DropProps {
  onRows: (rows: Row[]) => void;
  children: ReactNode;
}

/** Takes a table that is dropped anywhere on it. */
export function DropZone({ onRows, children }: DropProps) {
  const [isOver, setIsOver] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const take = async (event: DragEvent) => {
    const file = event.dataTransfer.files[0];
    setIsOver(false);
    if (file === undefined) return;
    event.preventDefault();
    try {
      onRows(await rowsIn(file));
      setFault(null);
    } catch (error) {
      setFault(`${file.name}: ${messageOf(error)}`);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the same can be done by a button
    <div
      className={isOver ? styles.dropping : undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => void take(event)}
    >
      {fault !== null && (
        <p role="alert" className={styles.fault}>
          {fault}
        </p>
      )}
      {children}
    </div>
  );
}

function Form({ onRows, onClose }: { onRows: (rows: Row[]) => void; onClose: () => void }) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const take = async (read: () => Row[] | Promise<Row[]>) => {
    try {
      onRows(await read());
      onClose();
    } catch (error) {
      setFault(messageOf(error));
    }
  };
  return (
    <div className="stack">
      <p>
        CSV whose first line names the variables, cells copied from a spreadsheet, or a JSON object a line. Up
        to {MAX_ROWS} rows. A column <code>{EXPECTED}</code> holds right answers; a member{" "}
        <code>messages</code> a whole chat.
      </p>
      <textarea
        className="field mono"
        aria-label="Table"
        rows={8}
        spellCheck={false}
        value={text}
        placeholder={"question,expected_response\nWhat is the capital of France?,Paris"}
        onChange={({ target }) => setText(target.value)}
      />
      {fault !== null && (
        <p role="alert" className={styles.fault}>
          {fault}
        </p>
      )}
      <div className="row spread">
        <label className={styles.file}>
          Or a file:{" "}
          <input
            type="file"
            accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson"
            onChange={({ target }) => {
              const file = target.files?.[0];
              if (file !== undefined) void take(() => rowsIn(file));
            }}
          />
        </label>
        <button
          type="button"
          className="button primary"
          disabled={text.trim() === ""}
          onClick={() => void take(() => parseRows(text))}
        >
          Take these rows
        </button>
      </div>
    </div>
  );
}

/** A dialog that takes rows as text, or as a file. */
export function ImportRows({ onRows }: { onRows: (rows: Row[]) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" className="button small" onClick={() => setIsOpen(true)}>
        Paste or open a table
      </button>
      <Dialog title="Rows from a table" isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <Form onRows={onRows} onClose={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}
