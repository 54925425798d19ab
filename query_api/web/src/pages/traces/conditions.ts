/** A filter as conditions that all hold: what facets read from its text, and write into it. */

import { fieldText, isWord, placeAt, quoted, type Token, tokensOf, unquoted } from "@/ui/FilterBoxTokens";

export type Side = "include" | "exclude";

/** One of the conditions of a filter; `field` is null where it is more than a list of values. */
export interface Condition {
  text: string;
  /** In canonical form: `tags['tier']`. */
  field: string | null;
  side: Side;
  values: readonly string[];
}

/** The conditions that AND joins on the outermost level. */
export function conditionsOf(filter: string): Condition[] {
  const tokens = tokensOf(filter);
  if (tokens.length === 0) return [];
  const groups: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.text === "(") depth += 1;
    if (token.text === ")") depth -= 1;
    if (depth === 0 && isWord(token, "OR")) return [opaque(`(${filter.trim()})`)];
    if (depth === 0 && isWord(token, "AND")) groups.push([]);
    else groups.at(-1)?.push(token);
  }
  return groups.filter((group) => group.length > 0).map((group) => conditionOf(filter, group));
}

function opaque(text: string): Condition {
  return { text, field: null, side: "include", values: [] };
}

function conditionOf(filter: string, tokens: readonly Token[]): Condition {
  const [first, last] = [tokens[0], tokens.at(-1)];
  const text = filter.slice(first?.start, last?.end);
  const operatorAt = tokens.findIndex((token) => token.kind === "operator" || isWord(token, "NOT", "IN"));
  const operator = tokens[operatorAt];
  if (operator === undefined || operatorAt === 0 || first?.text === "(") return opaque(text);
  const rest = tokens.slice(operatorAt);
  const isNegated = isWord(operator, "NOT") || ["!=", "<>"].includes(operator.text);
  const isMembership = isWord(rest[isNegated ? 1 : 0], "IN");
  if (!isMembership && !["=", "!=", "<>"].includes(operator.text)) return opaque(text);
  const values = rest.filter(({ kind }) => kind === "string").map((token) => unquoted(token.text));
  const isPlain = rest.every(({ kind, text: word }) => kind !== "number" && word !== "." && word !== "[");
  const { field } = placeAt(filter, operator.start);
  if (!isPlain || values.length === 0 || field === null) return opaque(text);
  return { text, field: fieldText(field), side: isNegated ? "exclude" : "include", values };
}

function written(field: string, side: Side, values: readonly string[]): string {
  const [first] = values;
  const isOne = values.length === 1 && first !== undefined;
  const operator = side === "include" ? (isOne ? "=" : "IN") : isOne ? "!=" : "NOT IN";
  return `${field} ${operator} ${isOne ? quoted(first) : `(${values.map(quoted).join(", ")})`}`;
}

function joined(conditions: readonly Condition[]): string {
  const [only] = conditions;
  // A lone OR needs no parentheses.
  if (conditions.length === 1 && only?.field === null && only.text.startsWith("("))
    return unwrapped(only.text);
  return conditions.map(({ text }) => text).join(" AND ");
}

function unwrapped(text: string): string {
  let depth = 0;
  for (const token of tokensOf(text)) {
    if (token.text === "(") depth += 1;
    if (token.text === ")") depth -= 1;
    if (depth === 0 && token.end < text.length) return text;
  }
  return text.slice(1, -1).trim();
}

/** The values that a filter includes or excludes of any of `fields`. */
export function valuesOf(filter: string, fields: readonly string[], side: Side): ReadonlySet<string> {
  const found = conditionsOf(filter).filter((one) => one.field !== null && fields.includes(one.field));
  return new Set(found.filter((one) => one.side === side).flatMap((one) => one.values));
}

/** The filter without its lists of values of `fields`. */
export function without(filter: string, fields: readonly string[]): string {
  return joined(conditionsOf(filter).filter(({ field }) => field === null || !fields.includes(field)));
}

/** The filter with one more condition, or without it where it has it already. */
export function toggled(filter: string, condition: string): string {
  const conditions = conditionsOf(filter);
  const rest = conditions.filter(({ text }) => text !== condition);
  return joined(rest.length < conditions.length ? rest : [...conditions, opaque(condition)]);
}

/** The filter that includes (or excludes) one more value of a field, or no longer does where it did. */
export function withValue(filter: string, field: string, value: string, side: Side): string {
  const conditions = conditionsOf(filter);
  const before = conditions.find((one) => one.field === field && one.side === side);
  const had = before?.values.includes(value) ?? false;
  const values = had ? before?.values.filter((one) => one !== value) : [...(before?.values ?? []), value];
  const changed = conditions.flatMap((one) => {
    if (one === before) return [];
    if (one.field !== field || !one.values.includes(value)) return [one];
    return listed(
      field,
      one.side,
      one.values.filter((other) => other !== value),
    );
  });
  return joined([...changed, ...listed(field, side, values ?? [])]);
}

function listed(field: string, side: Side, values: readonly string[]): Condition[] {
  return values.length === 0 ? [] : [{ text: written(field, side, values), field, side, values }];
}
