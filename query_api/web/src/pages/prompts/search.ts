import { type Period, periodOf } from "@/api/period";

export type Tab = "workbench" | "registered";

/** What the address of the page holds. The period is that of a search for recorded inputs. */
export interface Search extends Period {
  /** Where it is left out: the registered prompt that `name` names, else the workbench. */
  tab?: Tab;
  name?: string;
  /** A number, an alias, or `latest`. A number is one here too, because the router puts text of digits into quotes. */
  version?: string | number;
  /** The version that `version` is compared with. */
  against?: string | number;
  /** A trace whose language-model input the workbench opens. */
  trace_id?: string;
  /** Which of its calls; where it is left out, the first. */
  span_id?: string;
}

const MAX_NAME_CHARS = 500;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** Text that the router may have read as a number: versions and names may look like one. */
function text(value: unknown): string | undefined {
  const found = typeof value === "number" ? String(value) : value;
  return typeof found === "string" && found !== "" && found.length <= MAX_NAME_CHARS ? found : undefined;
}

function which(value: unknown): string | number | undefined {
  const found = text(value);
  return found !== undefined && /^[0-9]{1,9}$/.test(found) ? Number(found) : found;
}

export function validateSearch(search: Record<string, unknown>): Search {
  const traceId = text(search.trace_id)?.toLowerCase();
  const spanId = text(search.span_id)?.toLowerCase();
  const name = text(search.name);
  const version = name === undefined ? undefined : which(search.version);
  const against = version === undefined ? undefined : which(search.against);
  return {
    ...periodOf(search),
    ...(search.tab === "workbench" || search.tab === "registered" ? { tab: search.tab } : {}),
    ...(name !== undefined && { name }),
    ...(version !== undefined && { version }),
    ...(against !== undefined && { against }),
    ...(traceId !== undefined && TRACE_ID.test(traceId) && { trace_id: traceId }),
    ...(spanId !== undefined && SPAN_ID.test(spanId) && { span_id: spanId }),
  };
}

/** The tab that an address opens. */
export function tabOf(search: Search): Tab {
  return (
    search.tab ?? (search.name !== undefined && search.trace_id === undefined ? "registered" : "workbench")
  );
}
