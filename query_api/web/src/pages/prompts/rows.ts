import type { Message } from "@/pages/prompts/template";

/** A row: a value for each variable, and where it was recorded as a chat, its messages. */
export interface Row {
  id: string;
  values: Record<string, string>;
  messages?: Message[];
  /** The trace that it was taken from. */
  sourceTraceId?: string;
}

export const MAX_ROWS = 200;
export const MAX_COLUMNS = 50;
export const MAX_TEXT_BYTES = 2_000_000;
/** The column whose values are recorded as what would have been right, for metrics that need it. */
export const EXPECTED = "expected_response";
/** The member of a JSON line that holds whole messages. */
const MESSAGES = "messages";

/** A table that cannot be read, and where in it. */
export class RowsError extends Error {
  constructor(
    readonly line: number,
    readonly column: string | number | null,
    what: string,
  ) {
    const place =
      typeof column === "number" ? `, column ${column}` : column === null ? "" : `, column ${column}`;
    super(`Line ${line}${place}: ${what}`);
    this.name = "RowsError";
  }
}

/** A name for a row or a column. Browsers give UUIDs to pages of https and localhost only; these need not be any. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
}

export function newRow(values: Record<string, string>, more: Partial<Row> = {}): Row {
  return { ...more, id: newId(), values };
}

interface Field {
  text: string;
  line: number;
}

/** Fields of a CSV table (RFC 4180), record by record; also with tabs, which spreadsheets copy. */
function records(text: string, separator: string): Field[][] {
  const found: Field[][] = [];
  let [record, field, line, fieldLine, at] = [[] as Field[], "", 1, 1, 0];
  const endField = () => {
    record.push({ text: field, line: fieldLine });
    [field, fieldLine] = ["", line];
  };
  while (at < text.length) {
    const char = text[at];
    if (char === '"' && field === "") {
      const opened = { line, column: record.length + 1 };
      for (at += 1; ; at += 1) {
        if (at >= text.length)
          throw new RowsError(opened.line, opened.column, 'a quote is opened and never closed: add a `"`');
        if (text[at] === "\n") line += 1;
        if (text[at] !== '"') field += text[at];
        else if (text[at + 1] === '"') {
          field += '"';
          at += 1;
        } else break;
      }
      at += 1;
      if (at < text.length && text[at] !== separator && text[at] !== "\n")
        throw new RowsError(
          line,
          record.length + 1,
          'after a closing quote comes more text: double quotes inside as `""`',
        );
      continue;
    }
    if (char === separator) endField();
    else if (char === "\n") {
      line += 1;
      endField();
      found.push(record);
      record = [];
    } else field += char;
    at += 1;
  }
  if (field !== "" || record.length > 0) {
    endField();
    found.push(record);
  }
  return found.filter((one) => one.length > 1 || one[0]?.text !== "");
}

function checkedNames(head: readonly Field[]): string[] {
  const names = head.map((field) => field.text.trim());
  if (names.length > MAX_COLUMNS)
    throw new RowsError(1, MAX_COLUMNS + 1, `at most ${MAX_COLUMNS} columns are taken`);
  names.forEach((name, index) => {
    if (name === "")
      throw new RowsError(1, index + 1, "the column has no name: the first line names the variables");
    if (names.indexOf(name) !== index) throw new RowsError(1, index + 1, `the name "${name}" is there twice`);
  });
  return names;
}

/** Rows of a table whose first line names the variables; separated by commas, or by tabs as spreadsheets copy it. */
export function parseCsv(text: string): Row[] {
  const plain = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const firstLine = plain.slice(0, plain.indexOf("\n") === -1 ? undefined : plain.indexOf("\n"));
  const [head, ...body] = records(plain, firstLine.includes("\t") ? "\t" : ",");
  if (head === undefined)
    throw new RowsError(1, null, "there is nothing: the first line names the variables");
  const names = checkedNames(head);
  if (body.length === 0)
    throw new RowsError(1, null, "only names and no row: put a value for each below them");
  checkCount(body.length, body[MAX_ROWS]?.[0]?.line ?? 1);
  return body.map((record) => {
    const line = record[0]?.line ?? 1;
    if (record.length !== names.length) {
      const column = Math.min(record.length, names.length) + 1;
      const what = `${record.length} values for ${names.length} columns: quote values that hold a comma or a line's end`;
      throw new RowsError(line, column, what);
    }
    return newRow(Object.fromEntries(names.map((name, index) => [name, record[index]?.text ?? ""])));
  });
}

function checkCount(count: number, line: number): void {
  if (count > MAX_ROWS)
    throw new RowsError(line, null, `at most ${MAX_ROWS} rows are taken, these are ${count}`);
}

function messagesIn(value: unknown, line: number): Message[] {
  const isMessage = (one: unknown): one is Message =>
    typeof one === "object" &&
    one !== null &&
    "role" in one &&
    typeof one.role === "string" &&
    "content" in one &&
    typeof one.content === "string";
  if (!Array.isArray(value) || value.length === 0 || !value.every(isMessage))
    throw new RowsError(line, MESSAGES, "must be a list of messages, each with role and content");
  return value.map(({ role, content }) => ({ role, content }));
}

/** Rows of JSON objects, one a line; `messages` is a whole chat, everything else a variable's value. */
export function parseJsonl(text: string): Row[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const rows: Row[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    const number = index + 1;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      const at = /position (\d+)/.exec(String(error))?.[1];
      throw new RowsError(
        number,
        at === undefined ? null : Number(at) + 1,
        "no JSON: one object a line is wanted",
      );
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new RowsError(number, null, 'must be an object such as {"question": "..."}');
    const members = Object.entries(value).filter(([name]) => name !== MESSAGES);
    if (members.length > MAX_COLUMNS)
      throw new RowsError(number, null, `at most ${MAX_COLUMNS} members are taken`);
    const values = members.map(([name, one]) => [name, typeof one === "string" ? one : JSON.stringify(one)]);
    const messages = MESSAGES in value ? { messages: messagesIn(value.messages, number) } : {};
    rows.push(newRow(Object.fromEntries(values), messages));
    checkCount(rows.length, number);
  });
  if (rows.length === 0) throw new RowsError(1, null, "there is nothing: one JSON object a line is wanted");
  return rows;
}

/** Rows of whatever was pasted or dropped: lines of JSON objects, or a table. */
export function parseRows(text: string): Row[] {
  if (new Blob([text]).size > MAX_TEXT_BYTES)
    throw new RowsError(1, null, `more than ${MAX_TEXT_BYTES / 1_000_000} MB: take fewer rows`);
  return text.trimStart().startsWith("{") ? parseJsonl(text) : parseCsv(text);
}

/** Names of the values of rows: those of the template first, then whatever else the rows bring. */
export function columnsOf(rows: readonly Row[], variables: readonly string[]): string[] {
  return [...new Set([...variables, ...rows.flatMap((row) => Object.keys(row.values))])];
}

/** What keeps a row from being run: the variables without a value. */
export function missingIn(row: Row, variables: readonly string[]): string[] {
  return variables.filter((name) => (row.values[name] ?? "") === "");
}
