/** What the address of the list holds. */
export interface Search {
  tab?: "monitors";
  status?: EvaluationStatus[];
  /** Exactly this name. */
  name?: string;
  model_id?: string;
}

export const STATUSES = ["RUNNING", "CANCELLING", "FINISHED", "FAILED", "CANCELLED"] as const;
type EvaluationStatus = (typeof STATUSES)[number];

/** Text that is not empty. Digits stand in the address without quotes, and come as a number. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Texts: one, or a list of them. */
export function textsOf(value: unknown): string[] {
  const given: unknown[] = Array.isArray(value) ? value : [value];
  return given.map(textOf).filter((text) => text !== undefined);
}

/** Without the members that say nothing, so that they do not stand in the address. */
export function said<Members extends object>(members: Members): Members {
  const known = Object.entries(members).filter(
    ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(known) as Members;
}

export function validateSearch(search: Record<string, unknown>): Search {
  const asked = textsOf(search.status);
  return said({
    tab: search.tab === "monitors" ? ("monitors" as const) : undefined,
    status: STATUSES.filter((status) => asked.includes(status)),
    name: textOf(search.name),
    model_id: textOf(search.model_id),
  });
}
