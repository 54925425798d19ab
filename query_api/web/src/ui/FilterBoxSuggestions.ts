import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { boundsOf, type Period } from "@/api/period";
import { fieldText, type Place, quoted } from "@/ui/FilterBoxTokens";
import { count, score } from "@/ui/format";
import { cut, visible } from "@/ui/visible";

type Field = Schemas["FilterField"];
type Fields = Schemas["TraceFields"];
type Facets = Schemas["TraceFacets"];

/** One thing that could stand at the cursor. */
export interface Suggestion {
  /** What is shown. */
  label: string;
  /** What it means, or how often it occurs. */
  detail: string;
  /** What is written. */
  text: string;
}

const MAX_SUGGESTIONS = 40;
const MAX_VALUES = 20;
const SHOWN_CHARS = 200;
const TYPING_MS = 150;
const FIELDS_FRESH_MS = 60_000;
const NO_SUGGESTIONS: readonly Suggestion[] = [];
const MEANINGS: Readonly<Record<string, string>> = {
  "=": "is",
  "!=": "is not",
  "<": "less than",
  "<=": "at most",
  ">": "more than",
  ">=": "at least",
  IN: "one of several",
  "NOT IN": "none of several",
  LIKE: "like 'abc%', where % stands for anything",
  "NOT LIKE": "not like 'abc%'",
  ILIKE: "like '%abc%', in upper or lower case",
  "NOT ILIKE": "not like '%abc%', in upper or lower case",
  "IS NULL": "has no value",
  "IS NOT NULL": "has a value",
};

/** What filters can say, with the keys of the period's spans. */
function useFields(period: Period, isWanted: boolean) {
  return useQuery({
    queryKey: ["trace-fields", period],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/traces/fields", { params: { query: boundsOf(period) }, signal })),
    enabled: isWanted,
    staleTime: FIELDS_FRESH_MS,
  });
}

/** What could stand at `place`; null: nobody is typing, and nothing is asked. */
export function useSuggestions(place: Place | null, period: Period): readonly Suggestion[] {
  const { data: fields } = useFields(period, place !== null);
  const field = place?.field ?? null;
  const isValue = place?.expects === "value" || place?.expects === "list";
  const spec = fields?.fields.find(({ name }) => name === field?.name);
  const hasValues = isValue && field !== null && !field.isOfAnySpan && HAVING_VALUES.has(spec?.type ?? "");
  const contains = useSettled(place?.typed ?? "");
  const facet = field?.name === "model_name" ? "model_id" : field === null ? "" : fieldText(field);
  const isScore = field?.name === "scores";
  const { data: values } = useQuery({
    queryKey: ["trace-values", period, facet, contains],
    queryFn: ({ signal }) => {
      const asked = { ...boundsOf(period), field: isScore ? [] : [facet], limit: MAX_VALUES, contains };
      return answer(api.GET("/v1/traces/facets", { params: { query: asked }, signal }));
    },
    enabled: hasValues,
    placeholderData: (before, query) => (query?.queryKey[2] === facet ? before : undefined),
    staleTime: FIELDS_FRESH_MS,
  });
  if (place === null || fields === undefined) return NO_SUGGESTIONS;
  return suggestionsFor(place, fields, hasValues ? values : undefined).slice(0, MAX_SUGGESTIONS);
}

const HAVING_VALUES: ReadonlySet<string> = new Set(["text", "map"]);

/** Pure: what fits `place`, the best first. */
export function suggestionsFor(place: Place, { fields, operators }: Fields, values?: Facets): Suggestion[] {
  const spec = fields.find(({ name }) => name === place.field?.name);
  switch (place.expects) {
    case "field":
      return fieldsFor(place, fields);
    case "key":
      return place.field?.name === "span" ? fieldsFor(place, fields) : keysFor(place, spec);
    case "operator":
      return ranked(spec === undefined ? [] : (operators[spec.type] ?? []).map(operatorOf), place.typed);
    case "value":
    case "list":
      return valuesFor(place, spec, values);
    case "joiner":
      return ranked(place.depth > 0 ? [...JOINERS, CLOSE] : JOINERS, place.typed);
    case "nothing":
      return [];
  }
}

const JOINERS: readonly Suggestion[] = [
  { label: "AND", detail: "both hold", text: "AND " },
  { label: "OR", detail: "one of them holds", text: "OR " },
];
const CLOSE: Suggestion = { label: ")", detail: "ends the group", text: ") " };

function operatorOf(operator: string): Suggestion {
  const text = operator.endsWith("IN") ? `${operator} (` : `${operator} `;
  return { label: operator, detail: MEANINGS[operator] ?? "", text };
}

function fieldsFor(place: Place, fields: readonly Field[]): Suggestion[] {
  const isPlain = place.expects === "field";
  const listed = fields.map(({ name, type, description }) => ({
    label: name,
    detail: description.replaceAll("`", ""),
    text: type === "map" ? `${name}['` : `${name} `,
  }));
  const keyed = fields.flatMap(({ name, keys }) =>
    keys.map((key) => {
      const text = fieldText({ isOfAnySpan: false, name, key });
      return { label: text, detail: "", text: `${text} ` };
    }),
  );
  if (!isPlain) return ranked(listed, place.typed);
  const words = [
    { label: "NOT", detail: "does not hold", text: "NOT " },
    { label: "span.", detail: "of any span of the trace, not only its first", text: "span." },
  ];
  const found = ranked([...listed, ...(place.typed === "" ? [] : keyed), ...words], place.typed);
  return [...found, ...searchesFor(place.typed)];
}

/** A word that is no field is what somebody wants to find in the texts. */
function searchesFor(typed: string): Suggestion[] {
  if (typed === "") return [];
  return ["input", "output"].map((name) => ({
    label: `${name} contains “${typed}”`,
    detail: "in upper or lower case",
    text: `${name} ILIKE ${quoted(`%${typed}%`)} `,
  }));
}

function keysFor(place: Place, spec: Field | undefined): Suggestion[] {
  const keys = (spec?.keys ?? []).map((key) => ({ label: key, detail: "", text: key }));
  return ranked(keys, place.typed).map((one) => ({ ...one, text: quoted(one.text) }));
}

function valuesFor(place: Place, spec: Field | undefined, values?: Facets): Suggestion[] {
  const end = place.expects === "list" ? "" : " ";
  const choices = spec?.choices ?? [];
  if (choices.length > 0)
    return ranked(
      choices.map((choice) => ({ label: choice, detail: "", text: quoted(choice) + end })),
      place.typed,
    );
  if (spec?.name === "scores") return scoresFor(place, values, end);
  const isName = spec?.name === "model_name";
  const found = (values?.facets[0]?.values ?? []).map((value) => ({
    label: visible(cut(value.label || value.value, SHOWN_CHARS)) || "(none)",
    detail: `${count(value.count)} traces`,
    text: quoted(isName ? value.label : value.value) + end,
  }));
  return ranked(found, place.typed);
}

function scoresFor(place: Place, values: Facets | undefined, end: string): Suggestion[] {
  const facet = values?.scores.find(({ name }) => name === place.field?.key);
  const labels = (facet?.labels ?? []).map(({ value, count: traces }) => ({
    label: value,
    detail: `${count(traces)} traces`,
    text: quoted(value) + end,
  }));
  const figures = [facet?.minimum, facet?.mean, facet?.maximum].map((value, index) => ({
    label: score(value),
    detail: ["lowest", "mean", "highest"][index] ?? "",
    text: `${value ?? ""}${end}`,
  }));
  return ranked([...labels, ...figures.filter(({ label }) => label !== score(null))], place.typed);
}

/** Those that have the typed text in them, first those that begin with it. */
function ranked(suggestions: readonly Suggestion[], typed: string): Suggestion[] {
  const wanted = typed.toLowerCase();
  const at = ({ label }: Suggestion) => label.toLowerCase().indexOf(wanted);
  const found = suggestions.filter((suggestion) => at(suggestion) >= 0);
  return wanted === "" ? found : found.toSorted((a, b) => Number(at(a) > 0) - Number(at(b) > 0));
}

/** The text once it has not changed for a moment: a request a word, not a request a letter. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
