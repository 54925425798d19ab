import { CellView } from "@/pages/prompts/CellView";
import { type Cell, type Column, tokens, totalsOf } from "@/pages/prompts/cells";
import styles from "@/pages/prompts/Grid.module.css";
import { type Grid, type GridState, keyOf } from "@/pages/prompts/grid";
import { columnsOf, EXPECTED, MAX_ROWS, newRow, type Row } from "@/pages/prompts/rows";
import { count, duration, score, usd } from "@/ui/format";
import { Messages } from "@/ui/Messages";

interface HeadProps {
  column: Column;
  grid: Grid;
}

function ColumnHead({ column, grid }: HeadProps) {
  const name = `${column.endpoint}, ${column.prompt}`;
  return (
    <th scope="col" className={styles.head}>
      <div className="row spread">
        <span>
          <strong>{column.endpoint}</strong>
          <br />
          <span className="muted">{column.prompt}</span>
        </span>
        <span className="row">
          <button
            type="button"
            className="button quiet small"
            aria-pressed={column.isKept}
            aria-label={`Keep for the next run: ${name}`}
            title="Kept columns stay beside those of the next run"
            onClick={() => grid.setKept(column.id, !column.isKept)}
          >
            {column.isKept ? "Kept" : "Keep"}
          </button>
          <button
            type="button"
            className="button quiet small"
            aria-label={`Remove the column: ${name}`}
            onClick={() => grid.remove(column.id)}
          >
            Remove
          </button>
        </span>
      </div>
    </th>
  );
}

function Sums({ cells }: { cells: readonly Cell[] }) {
  const totals = totalsOf(cells);
  if (totals.callCount === 0) return <td className={styles.sums}>–</td>;
  const isPartial = totals.costUsd !== null && totals.costCount < totals.callCount;
  const lines: [string, string][] = [
    [
      "Calls",
      `${count(totals.callCount)}${totals.errorCount > 0 ? `, ${count(totals.errorCount)} failed` : ""}`,
    ],
    ["Latency p50, max", `${duration(totals.latencyP50Ms)}, ${duration(totals.latencyMaxMs)}`],
    ["First token p50", duration(totals.timeToFirstTokenP50Ms)],
    ["Tokens", tokens(totals.inputTokens, totals.outputTokens)],
    ["Cost", `${usd(totals.costUsd)}${isPartial ? ` of ${count(totals.costCount)} calls` : ""}`],
    ...totals.scores.map((one): [string, string] => [one.name, `${score(one.mean)} of ${count(one.count)}`]),
  ];
  return (
    <td className={styles.sums}>
      <dl>
        {lines.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </td>
  );
}

interface RowProps {
  row: Row;
  number: number;
  names: readonly string[];
  variables: readonly string[];
  hasMessages: boolean;
  onChange: (row: Row) => void;
  onRemove: () => void;
}

function Values({ row, number, names, variables, hasMessages, onChange, onRemove }: RowProps) {
  return (
    <>
      <th scope="row" className={styles.number}>
        {number}
        <button
          type="button"
          className="button quiet small"
          aria-label={`Remove row ${number}`}
          onClick={onRemove}
        >
          ×
        </button>
      </th>
      {hasMessages && (
        <td className={styles.recorded}>
          {row.messages && (
            // biome-ignore lint/a11y/useSemanticElements: no set of fields
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
            <div className={styles.output} role="group" aria-label={`Messages of row ${number}`} tabIndex={0}>
              <Messages text={JSON.stringify(row.messages)} />
            </div>
          )}
        </td>
      )}
      {names.map((name) => (
        <td key={name} className={styles.value}>
          <textarea
            className="field"
            aria-label={`${name} of row ${number}`}
            dir="auto"
            rows={3}
            value={row.values[name] ?? ""}
            placeholder={variables.includes(name) ? "a value" : ""}
            onChange={({ target }) => onChange({ ...row, values: { ...row.values, [name]: target.value } })}
          />
        </td>
      ))}
    </>
  );
}

interface Props {
  grid: Grid;
  state: GridState;
  rows: readonly Row[];
  variables: readonly string[];
  onRows: (rows: Row[]) => void;
}

function note(name: string, variables: readonly string[]): string | null {
  if (variables.includes(name)) return null;
  return name === EXPECTED ? "the right answer, for scores" : "not in the template";
}

/** Rows of values, and beside them what each endpoint made of them. */
export function ResultGrid({ grid, state, rows, variables, onRows }: Props) {
  const names = columnsOf(rows, variables);
  const hasMessages = rows.some((row) => row.messages !== undefined);
  const cellsOf = (column: Column) => rows.flatMap((row) => state.cells[keyOf(row.id, column.id)] ?? []);
  return (
    <div className={styles.stage}>
      <table className={styles.grid}>
        <caption className="visually-hidden">Rows of values, and the answers of each endpoint</caption>
        <thead>
          <tr>
            <th scope="col">Row</th>
            {hasMessages && <th scope="col">Recorded messages</th>}
            {names.map((name) => (
              <th key={name} scope="col">
                <code>{name}</code>
                {note(name, variables) && <div className="muted">{note(name, variables)}</div>}
              </th>
            ))}
            {state.columns.map((column) => (
              <ColumnHead key={column.id} column={column} grid={grid} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={row.id}>
              <Values
                row={row}
                number={index + 1}
                names={names}
                variables={variables}
                hasMessages={hasMessages}
                onChange={(changed) => onRows(rows.with(index, changed))}
                onRemove={() => onRows(rows.length === 1 ? [newRow({})] : rows.toSpliced(index, 1))}
              />
              {state.columns.map((column) => {
                const cell = state.cells[keyOf(row.id, column.id)];
                return (
                  <td key={column.id} className={styles.answer}>
                    <CellView
                      cell={cell}
                      place={`${column.endpoint}, ${column.prompt}, row ${index + 1}`}
                      row={row}
                      column={column}
                      grid={grid}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
        {state.columns.length > 0 && (
          <tfoot>
            <tr>
              <th scope="row" colSpan={1 + names.length + Number(hasMessages)}>
                All {count(rows.length)} {rows.length === 1 ? "row" : "rows"}
              </th>
              {state.columns.map((column) => (
                <Sums key={column.id} cells={cellsOf(column)} />
              ))}
            </tr>
          </tfoot>
        )}
      </table>
      <button
        type="button"
        className="button small"
        disabled={rows.length >= MAX_ROWS}
        onClick={() => onRows([...rows, newRow({})])}
      >
        Add a row
      </button>
    </div>
  );
}
