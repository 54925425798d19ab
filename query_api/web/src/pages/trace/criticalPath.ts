import type { Tree } from "@/pages/trace/tree";

/** From and to, in milliseconds after the trace's start. */
export type Segment = readonly [number, number];

export interface CriticalPath {
  /** Of spans on the path: when they alone held the trace up, latest first. */
  segments: ReadonlyMap<number, readonly Segment[]>;
  /** The same added up, in milliseconds. */
  ms: ReadonlyMap<number, number>;
}

interface Visit {
  index: number;
  fromMs: number;
  toMs: number;
}

function childrenOf(tree: Tree, index: number): number[] {
  const found: number[] = [];
  const [first, after] = index < 0 ? [0, tree.nodes.length] : [index + 1, tree.nodes[index]?.after ?? 0];
  for (let at = first; at < after; at = tree.nodes[at]?.after ?? after) found.push(at);
  return found;
}

/**
 * The spans, and the parts of them, that decided how long the trace took: make one shorter, and the trace gets
 * shorter.
 *
 * As in CRISP (Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX
 * ATC 2022), and in Jaeger after it: from the end of a span backwards, the child that ended last is what it
 * waited for; the path goes on within that child, and from that child's start to the child that ended last before
 * it. What no such child covers is the span's own. Children that outlive their parent count up to its end; those that
 * began after it, not at all. The trace as a whole is the parent of its topmost spans. O(n log n).
 */
export function criticalPath(tree: Tree): CriticalPath {
  const segments = new Map<number, Segment[]>();
  const ms = new Map<number, number>();
  const add = (index: number, fromMs: number, toMs: number) => {
    if (index < 0 || toMs <= fromMs) return;
    const known = segments.get(index);
    if (known === undefined) segments.set(index, [[fromMs, toMs]]);
    else known.push([fromMs, toMs]);
    ms.set(index, (ms.get(index) ?? 0) + toMs - fromMs);
  };
  const stack: Visit[] = [{ index: -1, fromMs: 0, toMs: tree.durationMs }];
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { index, fromMs, toMs } = visit;
    const within = childrenOf(tree, index).flatMap((child) => {
      const node = tree.nodes[child];
      if (node === undefined) return [];
      const one = { index: child, fromMs: Math.max(node.startMs, fromMs), toMs: Math.min(node.endMs, toMs) };
      return one.toMs > one.fromMs ? [one] : [];
    });
    within.sort((one, other) => other.toMs - one.toMs || one.fromMs - other.fromMs);
    let atMs = toMs;
    for (const child of within) {
      if (child.toMs > atMs) continue; // it ran beside one that is on the path
      add(index, child.toMs, atMs);
      stack.push(child);
      atMs = child.fromMs;
    }
    add(index, fromMs, atMs);
  }
  return { segments, ms };
}
