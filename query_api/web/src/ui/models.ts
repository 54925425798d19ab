const LONG_CHARS = 24;

/** A model ID as the command line shortens it: `m-d0e7fb17`. IDs that others made stay, cut if they are long. */
export function shortId(modelId: string): string {
  if (/^m-[0-9a-f]{32}$/.test(modelId)) return modelId.slice(0, 10);
  return modelId.length > LONG_CHARS ? `${modelId.slice(0, LONG_CHARS - 1)}…` : modelId;
}

/** Whether a version is among those that {@link conditionOf} finds. */
export function isFound({ name, model_id }: { name: string; model_id: string }, typed: string): boolean {
  const text = typed.trim();
  return name.toLowerCase().includes(text.toLowerCase()) || model_id.startsWith(text);
}

/** The condition that finds versions by a part of their name or ID. */
export function conditionOf(typed: string): string {
  const text = typed.trim();
  if (text === "") return "";
  const pattern = text.replace(/[\\%_]/g, "\\$&").replaceAll("'", "''");
  return `name ILIKE '%${pattern}%' OR model_id LIKE '${pattern}%'`;
}
