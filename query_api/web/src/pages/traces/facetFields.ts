import type { Schemas } from "@/api/client";
import { type Side, valuesOf, withValue } from "@/pages/traces/conditions";

export type FacetValue = Schemas["FacetValue"];

/** A field whose values the page offers. */
export interface FacetField {
  /** What the server counts by. */
  field: string;
  title: string;
  /** The field that is compared with a value's label, which says more to people than the value: a name, not an ID. */
  labelField?: string;
}

export const FACET_FIELDS: readonly FacetField[] = [
  { field: "model_id", title: "Version", labelField: "model_name" },
  { field: "status", title: "Status" },
  { field: "service_name", title: "Service" },
  { field: "name", title: "Name" },
  { field: "user_id", title: "User" },
  { field: "conversation_id", title: "Session" },
];

/** The fields of filters that a facet stands for. */
export function fieldsOf({ field, labelField }: FacetField): readonly string[] {
  return labelField === undefined ? [field] : [field, labelField];
}

/** Whether a filter includes or excludes a value. */
export function sideOf(filter: string, facet: FacetField, value: FacetValue): Side | null {
  const has = (side: Side) =>
    valuesOf(filter, [facet.field], side).has(value.value) ||
    (facet.labelField !== undefined && valuesOf(filter, [facet.labelField], side).has(value.label));
  return has("include") ? "include" : has("exclude") ? "exclude" : null;
}

/** The filter with a value included (or excluded), or no longer so; `among` are the values that there are. */
export function chosen(
  filter: string,
  facet: FacetField,
  value: FacetValue,
  side: Side,
  among: readonly FacetValue[],
): string {
  const { field, labelField } = facet;
  const isUnique = among.filter(({ label }) => label === value.label).length === 1;
  const isById =
    labelField === undefined ||
    value.label === value.value ||
    !isUnique ||
    valuesOf(filter, [field], side).has(value.value);
  return isById
    ? withValue(filter, field, value.value, side)
    : withValue(filter, labelField, value.label, side);
}
