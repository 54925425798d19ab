import { type Period, periodOf } from "@/api/period";

/** Orders that the listing knows, in the words of its `order_by`. */
export const ORDERS = ["start_time", "latency_ms", "cost_usd", "total_tokens"] as const;

/** What the address of the page holds. */
export interface Search extends Period {
  filter?: string;
  /** Only traces that entered this version, whoever called it. */
  model_id?: string;
  /** One of {@link ORDERS}, then ` DESC` or ` ASC`. Left out: newest first. */
  order_by?: string;
  /** Names of the table's columns, with commas between them. Left out: the usual ones. */
  columns?: string;
  /** New traces are shown as they come in. */
  live?: boolean;
  /** The charts are put away. */
  charts?: false;
}

const MAX_FILTER_CHARS = 4_000;
const MAX_COLUMNS_CHARS = 300;
const ORDER = new RegExp(`^(${ORDERS.join("|")}) (ASC|DESC)$`);

function text(value: unknown, maxChars: number): string | undefined {
  const shown = typeof value === "number" ? String(value) : value;
  return typeof shown === "string" && shown !== "" && shown.length <= maxChars ? shown : undefined;
}

/** What of an address concerns a list of traces: also in the address of one trace, for its neighbours. */
export function validateSearch(search: Record<string, unknown>): Search {
  const filter = text(search.filter, MAX_FILTER_CHARS);
  const modelId = text(search.model_id, MAX_FILTER_CHARS);
  const order = text(search.order_by, MAX_COLUMNS_CHARS);
  const columns = text(search.columns, MAX_COLUMNS_CHARS);
  return {
    ...periodOf(search),
    ...(filter && { filter }),
    ...(modelId && { model_id: modelId }),
    ...(order && ORDER.test(order) && order !== "start_time DESC" && { order_by: order }),
    ...(columns && { columns }),
    ...(search.live === true && { live: true }),
    ...(search.charts === false && { charts: false }),
  };
}
