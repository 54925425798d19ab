import type { GridState } from "@/pages/prompts/grid";
import { newRow, type Row } from "@/pages/prompts/rows";
import { type Search, validateSearch } from "@/pages/prompts/search";
import { NO_SETTINGS, type SettingsForm } from "@/pages/prompts/settings";
import type { Template } from "@/pages/prompts/template";

/** What is worked on, kept in the browser so that a reload loses nothing. */

export interface Draft {
  template: Template;
  form: SettingsForm;
}

/** What all drafts share: the same rows and endpoints judge each of them. */
export interface Bench {
  endpoints: string[];
  rows: Row[];
}

const DRAFTS = "spanfold.prompts.drafts";
const BENCH = "spanfold.prompts.bench";
const PLACE = "spanfold.prompts.place";
const GRID = "spanfold.prompts.grid";
const MAX_DRAFTS = 20;
/** A browser keeps about five million characters for a site; the outputs must leave room for the drafts. */
const MAX_GRID_CHARS = 2_500_000;

export const NEW_DRAFT: Draft = {
  template: [
    { role: "system", content: "" },
    { role: "user", content: "{{ question }}" },
  ],
  form: NO_SETTINGS,
};

/** Which draft an address stands for. */
export function draftKey(place: {
  name?: string;
  version?: string | number;
  trace_id?: string;
  span_id?: string;
}): string {
  if (place.trace_id !== undefined) return `trace:${place.trace_id}/${place.span_id ?? ""}`;
  return place.name === undefined ? "new" : `prompt:${place.name}/${place.version ?? "latest"}`;
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null; // storage is forbidden, or what it holds is of another version
  }
}

function write(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or forbidden: the page works on without
  }
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDraft(value: unknown): value is Draft {
  return (
    isObject(value) &&
    isObject(value.form) &&
    Object.keys(NO_SETTINGS).every((name) => typeof (value.form as Json)[name] === "string") &&
    (typeof value.template === "string" || Array.isArray(value.template))
  );
}

function drafts(): [string, Draft][] {
  const found = read(DRAFTS);
  if (!Array.isArray(found)) return [];
  return found.filter((one): one is [string, Draft] => Array.isArray(one) && isDraft(one[1]));
}

export function loadDraft(key: string): Draft | null {
  return drafts().find(([known]) => known === key)?.[1] ?? null;
}

/** Keep a draft; the twentieth before it goes. */
export function saveDraft(key: string, draft: Draft | null): void {
  const others = drafts().filter(([known]) => known !== key);
  const all = draft === null ? others : [[key, draft] as [string, Draft], ...others];
  write(DRAFTS, all.slice(0, MAX_DRAFTS));
}

export function loadBench(): Bench {
  const found = read(BENCH);
  const endpoints = isObject(found) && Array.isArray(found.endpoints) ? found.endpoints.map(String) : [];
  const rows = isObject(found) && Array.isArray(found.rows) ? found.rows.filter(isRow) : [];
  return { endpoints, rows: rows.length > 0 ? rows : [newRow({})] };
}

function isRow(value: unknown): value is Row {
  return isObject(value) && typeof value.id === "string" && isObject(value.values);
}

export function saveBench(bench: Bench): boolean {
  return write(BENCH, bench);
}

export function loadGrid(): GridState {
  const found = read(GRID);
  if (!isObject(found) || !Array.isArray(found.columns) || !isObject(found.cells))
    return { columns: [], cells: {} };
  return found as unknown as GridState;
}

/** Keep the answers; past what a browser holds, their figures only. */
export function saveGrid(state: GridState): void {
  if (JSON.stringify(state).length <= MAX_GRID_CHARS && write(GRID, state)) return;
  const cells = Object.entries(state.cells).map(([key, cell]) => [key, { ...cell, text: "" }]);
  write(GRID, { ...state, cells: Object.fromEntries(cells) });
}

/** The address that the workbench was last seen at. */
export function lastPlace(): Search {
  const found = read(PLACE);
  return { ...validateSearch(isObject(found) ? found : {}), tab: "workbench" };
}

export function savePlace(search: Search): void {
  write(PLACE, search);
}
