import { useMemo, useState, useSyncExternalStore } from "react";
import { LiveTraces } from "@/pages/traces/liveTraces";
import { type Asked, forget, listOf, type Rows } from "@/pages/traces/traceList";

export interface Shown {
  rows: Rows;
  /** The same rows, where new ones come in. */
  live: LiveTraces | null;
  /** Other rows have another one. */
  key: string;
  isAnswered: boolean;
  refresh: () => void;
}

/** The rows of a search; whoever uses it is drawn anew when they change. */
export function useRows(asked: Asked, isLive: boolean): Shown {
  const [round, setRound] = useState(0);
  const live = useMemo(() => (isLive ? new LiveTraces(asked) : null), [asked, isLive]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round has a list of its own
  const rows: Rows = useMemo(() => live ?? listOf(asked), [live, asked, round]);
  const isAnswered = useSyncExternalStore(rows.subscribe, () => rows.isAnswered);
  const key = `${JSON.stringify(asked)}${round}${isLive}`;
  const refresh = () => {
    forget(asked);
    setRound(round + 1);
  };
  return { rows, live, key, isAnswered, refresh };
}
