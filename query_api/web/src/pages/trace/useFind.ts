import { useEffect, useState } from "react";
import { find } from "@/pages/trace/find";
import type { Tree } from "@/pages/trace/tree";

const REST_MS = 150;

/** Indexes of the spans that hold a text; null while it is being looked for. */
export function useFind(tree: Tree, text: string): readonly number[] | null {
  const [found, setFound] = useState<{ text: string; hits: readonly number[] }>({ text: "", hits: [] });
  useEffect(() => {
    const control = new AbortController();
    const timer = setTimeout(
      async () => {
        const hits = await find(tree.nodes, text, control.signal);
        if (hits !== null) setFound({ text, hits });
      },
      text === "" ? 0 : REST_MS,
    );
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [tree, text]);
  return found.text === text ? found.hits : null;
}
