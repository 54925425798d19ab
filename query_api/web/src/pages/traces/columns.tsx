import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ORDERS } from "@/pages/traces/search";
import type { Trace } from "@/pages/traces/traceList";
import { count, duration, score, UNKNOWN, usd } from "@/ui/format";
import { shortId } from "@/ui/models";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";
import { cut, visible } from "@/ui/visible";

export interface Column {
  name: string;
  title: string;
  /** Pixels; the least where it grows. */
  widthPx: number;
  grows?: true;
  isNumber?: true;
  order?: (typeof ORDERS)[number];
  cell: (trace: Trace) => ReactNode;
}

const SHOWN_CHARS = 300;

/** What others wrote, on one line: nothing in it can hide or turn what stands around it. */
function shown(text: string | null): ReactNode {
  return text ? visible(cut(text, SHOWN_CHARS)) : UNKNOWN;
}

function tokens({ input_tokens, output_tokens }: Trace): ReactNode {
  const known = [input_tokens, output_tokens].filter((value) => value !== null);
  if (known.length === 0) return UNKNOWN;
  const total = known.reduce((sum, value) => sum + value, 0);
  return (
    <span title={`${count(input_tokens)} in, ${count(output_tokens)} out`}>
      {count(total)}
      <span className="visually-hidden"> tokens</span>
    </span>
  );
}

function scores(trace: Trace): ReactNode {
  return shown(trace.scores.map((one) => `${one.name} ${one.label ?? score(one.value)}`).join(" · "));
}

function tags(trace: Trace): ReactNode {
  const told = Object.entries(trace.tags).map(([key, value]) => `${key}: ${value}`);
  return shown(told.join(" · "));
}

/** A version by its name alone, which there is room for; the ID shows when the pointer rests on it. */
function Version({ id, name }: { id: string; name: string }) {
  return (
    <Link to="/models/$modelId" params={{ modelId: id }} title={id} preload={false}>
      {shown(name) === UNKNOWN || name === id ? shortId(id) : shown(name)}
    </Link>
  );
}

export const COLUMNS: readonly Column[] = [
  {
    name: "time",
    title: "Time",
    widthPx: 132,
    order: "start_time",
    cell: ({ start_time }) => <Time time={start_time} form="short" />,
  },
  { name: "name", title: "Name", widthPx: 112, cell: ({ name }) => shown(name) },
  {
    name: "version",
    title: "Version",
    widthPx: 104,
    cell: ({ model_id, model_name }) =>
      model_id === "" ? UNKNOWN : <Version id={model_id} name={model_name} />,
  },
  { name: "status", title: "Status", widthPx: 86, cell: ({ status }) => <Status status={status} /> },
  {
    name: "latency",
    title: "Latency",
    widthPx: 78,
    isNumber: true,
    order: "latency_ms",
    cell: ({ latency_ms }) => duration(latency_ms),
  },
  { name: "input", title: "Input", widthPx: 190, grows: true, cell: ({ input }) => shown(input) },
  { name: "output", title: "Output", widthPx: 190, grows: true, cell: ({ output }) => shown(output) },
  { name: "scores", title: "Scores", widthPx: 160, grows: true, cell: scores },
  { name: "tokens", title: "Tokens", widthPx: 70, isNumber: true, order: "total_tokens", cell: tokens },
  {
    name: "cost",
    title: "Cost",
    widthPx: 74,
    isNumber: true,
    order: "cost_usd",
    cell: ({ cost_usd }) => usd(cost_usd),
  },
  { name: "service", title: "Service", widthPx: 104, cell: ({ service_name }) => shown(service_name) },
  { name: "user", title: "User", widthPx: 110, cell: ({ user_id }) => shown(user_id) },
  {
    name: "session",
    title: "Session",
    widthPx: 120,
    cell: ({ conversation_id }) => shown(conversation_id),
  },
  {
    name: "spans",
    title: "Spans",
    widthPx: 64,
    isNumber: true,
    cell: ({ span_count }) => count(span_count),
  },
  { name: "tags", title: "Tags", widthPx: 140, cell: tags },
  {
    name: "error",
    title: "Error",
    widthPx: 180,
    grows: true,
    cell: ({ status_message }) => shown(status_message),
  },
];

export const USUAL_COLUMNS: readonly string[] = COLUMNS.slice(0, 11).map(({ name }) => name);

/** The columns of an address; those that it does not know are left out. */
export function columnsOf(names: string | undefined): readonly Column[] {
  const wanted = names?.split(",") ?? USUAL_COLUMNS;
  const known = COLUMNS.filter(({ name }) => wanted.includes(name));
  return known.length > 0 ? known : COLUMNS.filter(({ name }) => USUAL_COLUMNS.includes(name));
}
