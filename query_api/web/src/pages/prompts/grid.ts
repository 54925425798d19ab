import { call } from "@/pages/prompts/call";
import { type Cell, type Column, EMPTY_CELL, isOver } from "@/pages/prompts/cells";
import type { Row } from "@/pages/prompts/rows";

/** A browser opens six connections to a server: two stay free for everything else that the page asks. */
const MAX_CONCURRENCY = 4;
export const MAX_COLUMNS = 8;
const NOTIFY_MS = 50;

export interface GridState {
  columns: Column[];
  /** By {@link keyOf}. */
  cells: Record<string, Cell>;
}

export function keyOf(rowId: string, columnId: string): string {
  return `${rowId} ${columnId}`;
}

/** What of a row decides an answer. */
export function sentOf(row: Row): string {
  return JSON.stringify([row.values, row.messages ?? null]);
}

export function isRunning({ cells }: GridState): boolean {
  return Object.values(cells).some((cell) => !isOver(cell));
}

/** After a reload nothing runs any more: what did has been stopped. */
function settled(state: GridState): GridState {
  const cells = Object.entries(state.cells).map(([key, cell]): [string, Cell] => [
    key,
    isOver(cell) ? cell : { ...cell, state: "stopped", endedAtMs: Date.now() },
  ]);
  return { columns: state.columns, cells: Object.fromEntries(cells) };
}

interface Job {
  row: Row;
  column: Column;
}

/** The calls of a workbench and what came of them: some at a time, in the order of the rows. */
export class Grid {
  private state: GridState;
  private published: GridState;
  private readonly listeners = new Set<() => void>();
  private readonly queue: Job[] = [];
  private readonly running = new Map<string, AbortController>();
  private timer = 0;

  constructor(state: GridState = { columns: [], cells: {} }) {
    this.state = settled(state);
    this.published = this.state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** What there is now; a new object whenever something has changed, at most every 50 ms. */
  readonly snapshot = (): GridState => this.published;

  /** Ask the columns about each row. Columns of earlier runs go, but for the newest of those that are kept. */
  start(columns: readonly Column[], rows: readonly Row[]): void {
    this.stop();
    const kept = this.state.columns.filter((column) => column.isKept);
    // What is paid for must show: where there is no room for all, kept ones give way.
    this.keepOnly([...kept.slice(Math.max(0, kept.length + columns.length - MAX_COLUMNS)), ...columns]);
    for (const row of rows) for (const column of columns) this.add({ row, column });
    this.pump();
  }

  /** Ask once more about one row. */
  retry(row: Row, column: Column): void {
    const key = keyOf(row.id, column.id);
    this.running.get(key)?.abort();
    this.running.delete(key); // its end is not this cell's any more
    this.add({ row, column });
    this.pump();
  }

  stop(): void {
    for (const { row, column } of this.queue.splice(0))
      this.update(keyOf(row.id, column.id), { state: "stopped", endedAtMs: Date.now() });
    for (const controller of this.running.values()) controller.abort();
  }

  setKept(columnId: string, isKept: boolean): void {
    this.set({
      ...this.state,
      columns: this.state.columns.map((column) => (column.id === columnId ? { ...column, isKept } : column)),
    });
  }

  remove(columnId: string): void {
    for (const [key, controller] of this.running) if (key.endsWith(` ${columnId}`)) controller.abort();
    this.queue.splice(0, Infinity, ...this.queue.filter((job) => job.column.id !== columnId));
    this.keepOnly(this.state.columns.filter((column) => column.id !== columnId));
  }

  /** Take what is known of traces by now: their cost, and what they were given for scores. */
  absorb(facts: ReadonlyMap<string, Pick<Cell, "costUsd" | "scores">>): void {
    for (const [key, cell] of Object.entries(this.state.cells)) {
      const found = cell.traceId === null ? undefined : facts.get(cell.traceId);
      if (found === undefined) continue;
      // A score that was given a moment ago may not be among them yet. None ever goes.
      const others = cell.scores.filter((one) => !found.scores.some(({ name }) => name === one.name));
      this.update(key, { ...found, scores: [...found.scores, ...others], isRecorded: true });
    }
  }

  /** Show a score that has just been given. */
  score(key: string, name: string, value: number): void {
    const others = (this.state.cells[key]?.scores ?? []).filter((one) => one.name !== name);
    this.update(key, { scores: [...others, { name, value, label: "", explanation: "" }] });
  }

  private keepOnly(columns: Column[]): void {
    const ids = new Set(columns.map((column) => column.id));
    const cells = Object.entries(this.state.cells).filter(([key]) =>
      ids.has(key.slice(key.indexOf(" ") + 1)),
    );
    this.set({ columns, cells: Object.fromEntries(cells) });
  }

  private add(job: Job): void {
    this.queue.push(job);
    const cell = { ...EMPTY_CELL, sent: sentOf(job.row) };
    this.set({ ...this.state, cells: { ...this.state.cells, [keyOf(job.row.id, job.column.id)]: cell } });
  }

  private pump(): void {
    while (this.running.size < MAX_CONCURRENCY) {
      const job = this.queue.shift();
      if (job === undefined) break;
      void this.run(job);
    }
  }

  private async run({ row, column }: Job): Promise<void> {
    const key = keyOf(row.id, column.id);
    const controller = new AbortController();
    this.running.set(key, controller);
    // A cell that was asked again meanwhile takes nothing from the call before.
    const isCurrent = () => this.running.get(key) === controller;
    this.update(key, { state: "running" });
    await call(column.plan, row, column.endpoint, controller.signal, (update) => {
      if (isCurrent()) this.update(key, update);
    });
    if (isCurrent()) this.running.delete(key);
    this.pump();
  }

  private update(key: string, update: Partial<Cell>): void {
    const cell = this.state.cells[key];
    if (cell === undefined) return; // its column has been removed
    this.set({ ...this.state, cells: { ...this.state.cells, [key]: { ...cell, ...update } } });
  }

  private set(state: GridState): void {
    this.state = state;
    this.notify();
  }

  private notify(): void {
    if (this.timer !== 0) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.published = this.state;
      for (const listener of this.listeners) listener();
    }, NOTIFY_MS);
  }
}
