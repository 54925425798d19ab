import type { Schemas } from "@/api/client";
import { count } from "@/ui/format";

export type Event = Schemas["EntityEvent"];
export type State = Schemas["LoggedModel"];

/** What happened at one instant: mostly one event. */
export interface Moment {
  /** RFC 3339, to the nanosecond. */
  time: string;
  events: Event[];
}

/** Events by instant, oldest first. States differ only from one instant to the next. */
export function momentsOf(events: readonly Event[]): Moment[] {
  const moments: Moment[] = [];
  for (const event of events) {
    const last = moments.at(-1);
    if (last?.time === event.event_time) last.events.push(event);
    else moments.push({ time: event.event_time, events: [event] });
  }
  return moments;
}

/** RFC 3339 text as nanoseconds since 1970, of which a JavaScript date keeps only milliseconds. */
export function nsOf(time: string): bigint {
  const [, fraction = ""] = /\.(\d{1,9})/.exec(time) ?? [];
  const wholeMs = Date.parse(time.replace(/\.\d+/, ""));
  return Number.isNaN(wholeMs) ? 0n : BigInt(wholeMs) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** The last moment that is not after an instant; -1: all are. */
export function momentAt(moments: readonly Moment[], time: string): number {
  const ns = nsOf(time);
  return moments.findLastIndex((moment) => nsOf(moment.time) <= ns);
}

const SHOWN_KEYS = 4;

function keysOf(value: unknown): string {
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const rest = keys.length - SHOWN_KEYS;
  return keys.slice(0, SHOWN_KEYS).join(", ") + (rest > 0 ? ` and ${count(rest)} more` : "");
}

/** An event in words. */
export function wordsOf({ event_type, payload }: Event): string {
  const told = typeof payload === "object" && payload !== null ? (payload as Record<string, unknown>) : {};
  switch (event_type.replace(/^spanfold\.model\./, "")) {
    case "created":
      return "Created";
    case "tags_set":
      return `Tags set: ${keysOf(told.tags)}`;
    case "tag_deleted":
      return `Tag deleted: ${String(told.key ?? "")}`;
    case "params_logged":
      return `Params logged: ${keysOf(told.params)}`;
    case "metrics_logged":
      return "Metrics logged";
    case "status_set":
      return `Status set: ${String(told.status ?? "")}`;
    case "artifacts_logged":
      return `Files logged: ${keysOf(told.artifacts)}`;
    case "deleted":
      return "Deleted";
    case "restored":
      return "Restored";
    default:
      return event_type;
  }
}

/** One line of a state, with what it was before where that differs. */
export interface Line {
  key: string;
  value: string | null;
  change: "same" | "added" | "changed" | "removed";
  before: string | null;
}

interface Section {
  title: "Properties" | "Params" | "Tags" | "Metrics";
  lines: Line[];
}

function properties(state: State): Record<string, string> {
  const told = {
    name: state.name,
    status: state.status,
    "status message": state.status_message,
    type: state.model_type,
    experiment: state.experiment_id,
    "source run": state.source_run_id,
    deleted: state.deleted ? "yes" : null,
  };
  return Object.fromEntries(
    Object.entries(told).filter(([, value]) => value !== null && value !== ""),
  ) as Record<string, string>;
}

type Members = Readonly<Record<string, string | number>>;

function linesOf(after: Members, before: Members | null): Line[] {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].sort();
  return keys.map((key) => {
    const value = after[key] === undefined ? null : String(after[key]);
    const was = before?.[key] === undefined ? null : String(before[key]);
    const isSame = before === null || value === was;
    const change = isSame ? "same" : was === null ? "added" : value === null ? "removed" : "changed";
    return { key, value, change, before: was };
  });
}

/** A state as lines; marked is what differs from the state before, if one is given. */
export function sectionsOf(state: State, before: State | null): Section[] {
  const of = (members: (state: State) => Members) =>
    linesOf(members(state), before === null ? null : members(before));
  return [
    { title: "Properties" as const, lines: of(properties) },
    { title: "Params" as const, lines: of(({ params }) => params) },
    { title: "Tags" as const, lines: of(({ tags }) => tags) },
    { title: "Metrics" as const, lines: of(({ metrics }) => metrics) },
  ];
}
