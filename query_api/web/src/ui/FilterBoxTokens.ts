/** The filter language as far as completing and rewriting it needs: tokens, and what can stand at the cursor. */

type TokenKind = "name" | "backquoted" | "string" | "number" | "operator" | "mark" | "other";

export interface Token {
  kind: TokenKind;
  text: string;
  start: number;
  end: number;
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["name", /[a-z_][a-z0-9_]*/iy],
  ["backquoted", /`[^`]*`?/y],
  ["string", /'(?:[^']|'')*'?/y],
  ["number", /[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?/iy],
  ["operator", /!=|<>|<=|>=|[=<>!]/y],
  ["mark", /[()[\],.]/y],
];

/** Every character but white space is in a token; a string that is not closed reaches to the end. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let start = 0;
  while (start < text.length) {
    if (/\s/.test(text.charAt(start))) {
      start += 1;
      continue;
    }
    const token = tokenAt(text, start);
    tokens.push(token);
    start = token.end;
  }
  return tokens;
}

function tokenAt(text: string, start: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = start;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return { kind, text: found, start, end: start + found.length };
  }
  return { kind: "other", text: text.charAt(start), start, end: start + 1 };
}

export function isWord(token: Token | undefined, ...words: string[]): boolean {
  return token?.kind === "name" && words.includes(token.text.toUpperCase());
}

/** A value as the language writes it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What a string token says; also of one that is not closed. */
export function unquoted(text: string): string {
  const inner = text.length > 1 && text.endsWith("'") ? text.slice(1, -1) : text.slice(1);
  return inner.replaceAll("''", "'");
}

/** A field of a filter: `span.` before it, and the key after a map. */
interface FieldName {
  isOfAnySpan: boolean;
  name: string;
  key: string | null;
}

/** As the language's canonical form spells it: `tags['tier']`. */
export function fieldText({ isOfAnySpan, name, key }: FieldName): string {
  return `${isOfAnySpan ? "span." : ""}${name}${key === null ? "" : `[${quoted(key)}]`}`;
}

export type Expected = "field" | "key" | "operator" | "value" | "list" | "joiner" | "nothing";

export interface Place {
  expects: Expected;
  /** What the completion takes the place of. */
  from: number;
  to: number;
  /** What is written there already, without quotes. */
  typed: string;
  /** The field whose key, operator or value is wanted. */
  field: FieldName | null;
  /** Parentheses that are open here. */
  depth: number;
}

type State = "field" | "after" | "member" | "bracket" | "bracketEnd" | "is" | "open" | "value" | "item";
type AnyState = State | "next" | "joiner";

const WORDS: ReadonlySet<TokenKind> = new Set(["name", "backquoted", "string", "number", "other"]);

interface Reading {
  state: AnyState;
  field: FieldName | null;
  depth: number;
}

/** What can stand where the cursor is. */
export function placeAt(text: string, cursor: number): Place {
  const tokens = tokensOf(text);
  const partial = tokens.find(
    (token) => token.start < cursor && cursor <= token.end && (WORDS.has(token.kind) || token.text === "!"),
  );
  const reading: Reading = { state: "field", field: null, depth: 0 };
  for (const token of tokens) if (token.end <= (partial?.start ?? cursor)) read(reading, token);
  const { field, depth } = reading;
  const typed = partial === undefined ? "" : typedIn(text.slice(partial.start, cursor), partial.kind);
  const place = { from: partial?.start ?? cursor, to: partial?.end ?? cursor, typed, field, depth };
  return { ...place, expects: EXPECTED[reading.state] };
}

const EXPECTED: Readonly<Record<AnyState, Expected>> = {
  field: "field",
  after: "operator",
  member: "key",
  bracket: "key",
  bracketEnd: "nothing",
  is: "nothing",
  open: "nothing",
  value: "value",
  item: "list",
  next: "nothing",
  joiner: "joiner",
};

function typedIn(text: string, kind: TokenKind): string {
  if (kind === "string") return unquoted(text);
  return kind === "backquoted" ? text.replaceAll("`", "") : text;
}

function read(reading: Reading, token: Token): void {
  if (token.text === "(" && reading.state === "field") reading.depth += 1;
  else if (token.text === ")" && reading.state === "joiner") reading.depth = Math.max(0, reading.depth - 1);
  else reading.state = next(reading, token);
}

function next(reading: Reading, token: Token): AnyState {
  switch (reading.state) {
    case "field":
      if (isWord(token, "NOT") || token.kind !== "name") return "field";
      reading.field = { isOfAnySpan: false, name: token.text.toLowerCase(), key: null };
      return "after";
    case "after":
      return afterField(token);
    case "member":
      reading.field = withMember(reading.field, token);
      return "after";
    case "bracket":
      if (reading.field !== null) reading.field = { ...reading.field, key: typedIn(token.text, token.kind) };
      return "bracketEnd";
    case "bracketEnd":
      return "after";
    case "is":
      return isWord(token, "NULL") ? "joiner" : "is";
    case "open":
      return "item";
    case "value":
      return "joiner";
    case "item":
      return "next";
    case "next":
      return token.text === "," ? "item" : "joiner";
    case "joiner":
      return isWord(token, "AND", "OR") ? "field" : "joiner";
  }
}

function afterField(token: Token): AnyState {
  if (token.text === ".") return "member";
  if (token.text === "[") return "bracket";
  if (isWord(token, "IN")) return "open";
  if (isWord(token, "IS")) return "is";
  return isWord(token, "NOT") ? "after" : "value";
}

function withMember(field: FieldName | null, token: Token): FieldName | null {
  if (field === null) return null;
  const member = typedIn(token.text, token.kind);
  if (field.name === "span" && !field.isOfAnySpan)
    return { isOfAnySpan: true, name: member.toLowerCase(), key: null };
  return { ...field, key: field.key === null ? member : `${field.key}.${member}` };
}
