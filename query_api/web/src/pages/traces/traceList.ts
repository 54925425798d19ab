import { answer, api, type Schemas } from "@/api/client";
import { type Bounds, boundsOf, type Period } from "@/api/period";

export type Trace = Schemas["TraceItem"];

/** What decides which traces a list has, and in which order. */
export interface Asked extends Period {
  filter?: string;
  model_id?: string;
  order_by?: string;
}

/** What a table shows: any number of rows, of which only those in sight are held. */
export interface Rows {
  /** Rows that are known of. */
  readonly count: number;
  /** There are more. */
  readonly isMore: boolean;
  readonly isLoading: boolean;
  /** The first rows are there, or it is known why not: others may ask the server for something now. */
  readonly isAnswered: boolean;
  readonly error: Error | null;
  /** Changes whenever something of it does; `subscribe` tells when. */
  readonly version: number;
  readonly subscribe: (listener: () => void) => () => void;
  /** Pixels, kept for those who come back. */
  scrollTop: number;
  /** The row, if it is held. */
  at(index: number): Trace | undefined;
  /** Tries again after an error. */
  retry(): void;
  /** Says which rows are in sight: they are fetched, and those far away are let go. */
  show(first: number, last: number): void;
}

interface Page {
  /** What gives this page; null for the first. */
  token: string | null;
  start: number;
  count: number;
  /** Null: let go, or not come yet. */
  traces: readonly Trace[] | null;
}

const FIRST_PAGE_ROWS = 100;
const PAGE_ROWS = 200;
const KEPT_PAGES = 30;
/** Rows before the end at which the next page is asked for. */
const AHEAD_ROWS = 60;

/** The parameters of requests for these traces. */
export function queryOf(asked: Asked, bounds: Bounds = boundsOf(asked)) {
  const { filter, model_id, order_by } = asked;
  return {
    ...bounds,
    ...(filter && { filter }),
    ...(model_id && { model_id }),
    ...(order_by && { order_by: [order_by] }),
  };
}

/**
 * Traces by pages, of which at most {@link KEPT_PAGES} are held: the others are fetched anew when they come into
 * sight again, by the tokens they were first got with. One request at a time.
 */
export class TraceList implements Rows {
  readonly #query: ReturnType<typeof queryOf>;
  readonly #listeners = new Set<() => void>();
  readonly #pages: Page[] = [];
  #next: string | null = null;
  #isStarted = false;
  #request: AbortController | null = null;
  #sight: readonly [number, number] = [0, 0];
  version = 0;
  error: Error | null = null;
  scrollTop = 0;

  constructor(asked: Asked) {
    // The bounds of "the last hour" are those of the first request: the tokens of pages hold for them only.
    this.#query = queryOf(asked);
  }

  get count(): number {
    const last = this.#pages.at(-1);
    return last === undefined ? 0 : last.start + last.count;
  }

  get isMore(): boolean {
    return !this.#isStarted || this.#next !== null;
  }

  get isAnswered(): boolean {
    return this.#isStarted || this.error !== null;
  }

  get isLoading(): boolean {
    return this.#request !== null;
  }

  at(index: number): Trace | undefined {
    const page = this.#pageOf(index);
    return page?.traces?.[index - page.start];
  }

  show(first: number, last: number): void {
    this.#sight = [first, last];
    if (this.#request === null && this.error === null && this.#wanted() !== null) void this.#load();
  }

  retry(): void {
    this.error = null;
    this.show(...this.#sight);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.show(...this.#sight);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#request?.abort();
      this.#request = null;
    };
  };

  #pageOf(index: number): Page | undefined {
    let [low, high] = [0, this.#pages.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const page = this.#pages[middle];
      if (page === undefined) return undefined;
      if (index < page.start) high = middle - 1;
      else if (index >= page.start + page.count) low = middle + 1;
      else return page;
    }
    return undefined;
  }

  /** The page that is to be fetched first: one in sight, else the next one where the end is near. */
  #wanted(): Page | null {
    const [first, last] = this.#sight;
    for (let index = first; index <= last; ) {
      const page = this.#pageOf(index);
      if (page === undefined) break;
      if (page.traces === null) return page;
      index = page.start + page.count;
    }
    if (!this.isMore || last + AHEAD_ROWS < this.count) return null;
    return { token: this.#next, start: this.count, count: 0, traces: null };
  }

  async #load(): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    try {
      for (let page = this.#wanted(); page !== null; page = this.#wanted()) {
        this.#changed();
        await this.#fetch(page, request.signal);
      }
    } catch (error) {
      if (!request.signal.aborted) this.error = error instanceof Error ? error : new Error(String(error));
    }
    if (this.#request !== request) return; // it was broken off, and another may be under way
    this.#request = null;
    this.#changed();
  }

  async #fetch(page: Page, signal: AbortSignal): Promise<void> {
    const limit = page.count > 0 ? page.count : page.start === 0 ? FIRST_PAGE_ROWS : PAGE_ROWS;
    const query = { ...this.#query, limit, ...(page.token !== null && { page_token: page.token }) };
    const found = await answer(api.GET("/v1/traces", { params: { query }, signal }));
    signal.throwIfAborted();
    page.traces = found.traces;
    if (page.count === 0) {
      page.count = found.traces.length;
      if (page.count > 0) this.#pages.push(page);
      this.#isStarted = true;
      this.#next = found.next_page_token;
    }
    this.#letGo(page);
  }

  /** The pages farthest from what is in sight. */
  #letGo(newest: Page): void {
    const held = this.#pages.filter((page) => page.traces !== null && page !== newest);
    const distance = (page: Page) => Math.abs(page.start - this.#sight[0]);
    held.sort((one, other) => distance(other) - distance(one));
    for (const page of held.slice(0, Math.max(0, held.length + 1 - KEPT_PAGES))) page.traces = null;
  }

  #changed(): void {
    this.version += 1;
    for (const listener of this.#listeners) listener();
  }
}

const MAX_LISTS = 4;
const lists = new Map<string, TraceList>();

function keyOf({ filter, model_id, order_by, since, start, end }: Asked): string {
  return JSON.stringify([filter, model_id, order_by, since, start, end]);
}

/** The list of a search; one that was looked at a moment ago is as it was, and scrolled to where it was. */
export function listOf(asked: Asked): TraceList {
  const key = keyOf(asked);
  const list = lists.get(key) ?? new TraceList(asked);
  lists.delete(key);
  lists.set(key, list);
  for (const oldest of lists.keys()) if (lists.size > MAX_LISTS) lists.delete(oldest);
  return list;
}

/** Has the search asked anew the next time: also by those who come back to it from elsewhere. */
export function forget(asked: Asked): void {
  lists.delete(keyOf(asked));
}
