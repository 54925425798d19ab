import { answer, api } from "@/api/client";
import { boundsOf } from "@/api/period";
import { type Asked, queryOf, type Rows, type Trace } from "@/pages/traces/traceList";

export const POLL_MS = 2_000;
/** The most rows that are held: older ones are let go. */
export const MAX_ROWS = 1_000;
/** The most that one poll asks for. */
const POLL_ROWS = 200;
/** Traces come in when their first span ends: one that began this long before the newest is still found. */
const LOOKBACK_MS = 60_000;

/** The newest traces, asked for again and again while somebody looks: not while hidden, nor while scrolled away. */
export class LiveTraces implements Rows {
  readonly #asked: Asked;
  readonly #listeners = new Set<() => void>();
  readonly #fresh = new Set<string>();
  #traces: readonly Trace[] = [];
  #isStarted = false;
  #wasPaused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | null = null;
  version = 0;
  error: Error | null = null;
  /** More came at once than a poll asks for: some were left out. */
  hasGap = false;
  isMore = false;
  scrollTop = 0;

  constructor(asked: Asked) {
    this.#asked = { ...asked, order_by: undefined };
  }

  get count(): number {
    return this.#traces.length;
  }

  get isAnswered(): boolean {
    return this.#isStarted || this.error !== null;
  }

  get isLoading(): boolean {
    return !this.#isStarted;
  }

  get isPaused(): boolean {
    return document.hidden || this.scrollTop > 0;
  }

  at(index: number): Trace | undefined {
    return this.#traces[index];
  }

  /** Whether it came in while somebody looked on. */
  isFresh = (trace: Trace): boolean => this.#fresh.has(trace.trace_id);

  get freshCount(): number {
    return this.#fresh.size;
  }

  show(): void {
    this.#changedIfPaused();
  }

  retry(): void {
    this.error = null;
    this.#schedule(0);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#schedule(0);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      this.#request?.abort();
    };
  };

  #changedIfPaused(): void {
    if (this.#wasPaused === this.isPaused) return;
    this.#wasPaused = this.isPaused;
    this.#changed();
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), waitMs);
  }

  async #poll(): Promise<void> {
    this.#changedIfPaused();
    if (!this.isPaused || !this.#isStarted) {
      const request = new AbortController();
      this.#request = request;
      try {
        await this.#ask(request.signal);
        this.error = null;
      } catch (error) {
        if (request.signal.aborted) return;
        this.error = error instanceof Error ? error : new Error(String(error));
      }
      this.#changed();
    }
    this.#schedule(POLL_MS);
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const newest = this.#traces[0]?.start_time;
    const bounds = boundsOf(this.#asked);
    const start = newest && new Date(Date.parse(newest) - LOOKBACK_MS).toISOString();
    // Compared as times: an address may name another zone.
    const isLater = start && !(Date.parse(bounds.start ?? "") > Date.parse(start));
    const later = isLater ? start : bounds.start;
    const query = { ...queryOf(this.#asked, bounds), ...(later && { start: later }), limit: POLL_ROWS };
    const found = await answer(api.GET("/v1/traces", { params: { query }, signal }));
    signal.throwIfAborted();
    this.#take(found.traces);
  }

  #take(found: readonly Trace[]): void {
    const known = new Set(this.#traces.map((trace) => trace.trace_id));
    const added = found.filter((trace) => !known.has(trace.trace_id));
    if (this.#isStarted) {
      for (const trace of added) this.#fresh.add(trace.trace_id);
      this.hasGap ||= added.length === POLL_ROWS;
    }
    this.#isStarted = true;
    const again = new Set(found.map((trace) => trace.trace_id));
    const kept = this.#traces.filter((trace) => !again.has(trace.trace_id));
    const all = [...found, ...kept].toSorted((a, b) => (a.start_time < b.start_time ? 1 : -1));
    for (const trace of all.slice(MAX_ROWS)) this.#fresh.delete(trace.trace_id);
    this.#traces = all.slice(0, MAX_ROWS);
  }

  #changed(): void {
    this.version += 1;
    for (const listener of this.#listeners) listener();
  }
}
