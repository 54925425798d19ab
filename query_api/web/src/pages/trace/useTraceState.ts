import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { bounded, type View } from "@/pages/trace/scale";
import type { Search } from "@/pages/trace/search";
import { closedAt, revealed, type Tree, visibleRows } from "@/pages/trace/tree";

/** Keys that are held down change the state many times a second; the address follows when they rest. */
const ADDRESS_AFTER_MS = 200;

/** Puts changes into the address, without a new entry in the history. */
function usePut() {
  const navigate = useNavigate({ from: "/traces/$traceId" });
  return useCallback(
    (changes: Partial<Search>) =>
      void navigate({
        search: (before: Search) => ({ ...before, ...changes }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
}

/** The chosen span: at once here, a moment later in the address. */
function useChosen(tree: Tree, search: Search, put: (changes: Partial<Search>) => void) {
  const [chosen, setChosen] = useState(() => tree.indexOf.get(search.span ?? "") ?? 0);
  const written = useRef(search.span);
  useEffect(() => {
    if (search.span === written.current) return;
    written.current = search.span;
    setChosen(tree.indexOf.get(search.span ?? "") ?? 0);
  }, [search.span, tree]);
  const spanId = tree.nodes[chosen]?.span.span_id;
  useEffect(() => {
    if (spanId === written.current || (chosen === 0 && written.current === undefined)) return;
    const timer = setTimeout(() => {
      written.current = spanId;
      put({ span: spanId });
    }, ADDRESS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [spanId, chosen, put]);
  return [chosen, setChosen] as const;
}

/** What of the tree is shown, and what is chosen in it. */
export function useTraceState(tree: Tree, search: Search) {
  const put = usePut();
  const [chosen, setChosen] = useChosen(tree, search, put);
  const [closed, setClosed] = useState<ReadonlySet<number>>(() => closedAt(tree, search.depth));
  // Wherever a choice comes from, what hides it is opened.
  const open = useMemo(() => revealed(tree, closed, chosen), [tree, closed, chosen]);
  const rows = useMemo(() => visibleRows(tree, open), [tree, open]);
  const view = useMemo(
    () => bounded({ fromMs: search.from ?? 0, toMs: search.to ?? tree.durationMs }, tree.durationMs),
    [search.from, search.to, tree],
  );
  const toggle = useCallback(
    (index: number) => {
      const next = new Set(open);
      if (!next.delete(index)) {
        next.add(index);
        // What is chosen must stay in sight: the parent is chosen in its stead.
        const after = tree.nodes[index]?.after ?? 0;
        setChosen((now) => (now > index && now < after ? index : now));
      }
      setClosed(next);
    },
    [open, tree, setChosen],
  );
  const setDepth = useCallback(
    (depth: number | undefined) => {
      const next = closedAt(tree, depth);
      setChosen((now) => {
        let at = now;
        for (let above = tree.nodes[now]?.parent ?? -1; above >= 0; above = tree.nodes[above]?.parent ?? -1)
          if (next.has(above)) at = above;
        return at;
      });
      setClosed(next);
      put({ depth });
    },
    [tree, put, setChosen],
  );
  const setView = useCallback(
    (next: View) => {
      const { fromMs, toMs } = bounded(next, tree.durationMs);
      const isWhole = fromMs <= 0 && toMs >= tree.durationMs;
      put(isWhole ? { from: undefined, to: undefined } : { from: fromMs, to: toMs });
    },
    [tree, put],
  );
  return { put, chosen, choose: setChosen, closed: open, rows, toggle, setDepth, view, setView };
}

export type TraceState = ReturnType<typeof useTraceState>;
