import type { Column } from "@/pages/prompts/cells";
import { missingIn, newId } from "@/pages/prompts/rows";
import { type ReadSettings, requestMembers } from "@/pages/prompts/settings";
import { isBlank, type Template, variablesOf } from "@/pages/prompts/template";
import type { Version } from "@/pages/prompts/useDraft";
import type { Bench, Draft } from "@/pages/prompts/workspace";

/** Why nothing can be run now, and what to do; null: it can. */
export function problemOf(
  template: Template,
  read: ReadSettings,
  bench: Bench,
  variables: readonly string[],
): string | null {
  if (bench.endpoints.length === 0) return "Choose an endpoint.";
  const field = Object.entries(read.errors)[0];
  if (field !== undefined) return `Model settings: ${field[1]}.`;
  if (isBlank(template) && bench.rows.some((row) => row.messages === undefined)) return "Write a template.";
  for (const [index, row] of bench.rows.entries()) {
    const missing = missingIn(row, variables);
    if (missing.length > 0) return `Row ${index + 1} has no value for ${missing.join(", ")}.`;
  }
  return null;
}

/** A column for each endpoint. An unchanged version is asked for by its name, so that its traces tell of it. */
export function plannedColumns(
  draft: Draft,
  read: ReadSettings,
  endpoints: readonly string[],
  origin: { version: Version | null; isChanged: boolean },
): Column[] {
  const { version, isChanged } = origin;
  const plan = {
    template: draft.template,
    variables: variablesOf(draft.template),
    members: requestMembers(read),
    uri: version !== null && !isChanged ? version.uri : null,
  };
  const known = version === null ? "draft" : `${version.name}/${version.version}`;
  return endpoints.map((endpoint) => ({
    id: newId(),
    endpoint,
    prompt: isChanged && version !== null ? `${known}, changed` : known,
    isKept: false,
    plan,
  }));
}
