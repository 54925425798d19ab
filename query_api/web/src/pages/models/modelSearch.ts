import { type Period, periodOf } from "@/api/period";
import { textOf } from "@/pages/models/search";

/** What the address of the page holds. */
export interface Search extends Period {
  /** The instant (RFC 3339) whose state is shown; not there: now. */
  as_of?: string;
  /** The file that is shown. */
  file?: string;
}

const MAX_PATH_CHARS = 1_000;

export function validateSearch(search: Record<string, unknown>): Search {
  const asOf = textOf(search.as_of);
  const file = textOf(search.file).slice(0, MAX_PATH_CHARS);
  return {
    ...periodOf(search),
    ...(!Number.isNaN(Date.parse(asOf)) && { as_of: asOf }),
    ...(file !== "" && { file }),
  };
}
