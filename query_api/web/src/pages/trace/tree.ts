import type { Schemas } from "@/api/client";

export type Span = Schemas["Span"];

/** A span at its place. Times are milliseconds after the trace's start. */
export interface Node {
  span: Span;
  /** Index in `Tree.nodes`; of the parent, -1 where there is none. */
  index: number;
  parent: number;
  depth: number;
  /** Index after the last descendant: those of a node stand right behind it. */
  after: number;
  startMs: number;
  endMs: number;
  /** Spans with an error among the descendants. */
  errorsBelow: number;
}

export interface Tree {
  /** Every span once, parents before their children, siblings by their start. */
  nodes: readonly Node[];
  indexOf: ReadonlyMap<string, number>;
  durationMs: number;
  maxDepth: number;
}

const NS_PER_MS = 1e6;

interface Walked {
  spans: Span[];
  /** Of each span, the index of the top of its tree in `tops`. */
  topOf: Map<string, number>;
}

function walk(tops: readonly Span[]): Walked {
  const spans: Span[] = [];
  const topOf = new Map<string, number>();
  const stack: Span[] = [];
  for (const [number, top] of tops.entries()) {
    stack.push(top);
    for (let span = stack.pop(); span !== undefined; span = stack.pop()) {
      spans.push(span);
      topOf.set(span.span_id, number);
      for (const child of span.children) stack.push(child);
    }
  }
  return { spans, topOf };
}

/**
 * The children of each span. The server cuts trees at 50 levels, because JSON cannot nest without end: what
 * it cut off hangs where it belongs again, unless its parents form a circle.
 */
function joined(tops: readonly Span[], topOf: ReadonlyMap<string, number>) {
  const added = new Map<string, Span[]>();
  const parentTop = new Map<number, number>();
  const roots: Span[] = [];
  for (const [number, top] of tops.entries()) {
    const above = top.detached && top.parent_span_id !== null ? topOf.get(top.parent_span_id) : undefined;
    let climbed = above;
    while (climbed !== undefined && climbed !== number) climbed = parentTop.get(climbed);
    if (above === undefined || top.parent_span_id === null || climbed === number) {
      roots.push(top);
      continue;
    }
    parentTop.set(number, above);
    const siblings = added.get(top.parent_span_id);
    if (siblings === undefined) added.set(top.parent_span_id, [top]);
    else siblings.push(top);
  }
  return { roots, added };
}

function byStart(one: Span, other: Span): number {
  return one.start_time_unix_ns - other.start_time_unix_ns;
}

/** Arrange what the server answered for the waterfall. O(n) but for siblings out of order; never recursive. */
export function buildTree(tops: readonly Span[]): Tree {
  const { spans, topOf } = walk(tops);
  const { roots, added } = joined(tops, topOf);
  let startNs = Number.POSITIVE_INFINITY;
  for (const span of spans) startNs = Math.min(startNs, span.start_time_unix_ns);
  const nodes: Node[] = [];
  const indexOf = new Map<string, number>();
  let [durationMs, maxDepth] = [0, 0];
  const stack = [...roots]
    .sort(byStart)
    .reverse()
    .map((span) => ({ span, parent: -1, depth: 0 }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { span, parent, depth } = next;
    const startMs = (span.start_time_unix_ns - startNs) / NS_PER_MS;
    const endMs = startMs + span.duration_ns / NS_PER_MS;
    const index = nodes.length;
    nodes.push({ span, index, parent, depth, after: index + 1, startMs, endMs, errorsBelow: 0 });
    indexOf.set(span.span_id, index);
    durationMs = Math.max(durationMs, endMs);
    maxDepth = Math.max(maxDepth, depth);
    const more = added.get(span.span_id);
    const children = more === undefined ? span.children : [...span.children, ...more].sort(byStart);
    for (let at = children.length - 1; at >= 0; at--) {
      const child = children[at];
      if (child !== undefined) stack.push({ span: child, parent: index, depth: depth + 1 });
    }
  }
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    const above = nodes[node?.parent ?? -1];
    if (node === undefined || above === undefined) continue;
    above.after = Math.max(above.after, node.after);
    above.errorsBelow += node.errorsBelow + (node.span.status === "ERROR" ? 1 : 0);
  }
  return { nodes, indexOf, durationMs, maxDepth };
}

export function hasChildren(node: Node): boolean {
  return node.after > node.index + 1;
}

/** Indexes of the spans in sight while those in `closed` hide their descendants. */
export function visibleRows(tree: Tree, closed: ReadonlySet<number>): number[] {
  const rows: number[] = [];
  for (let index = 0; index < tree.nodes.length; ) {
    const node = tree.nodes[index];
    rows.push(index);
    index = node !== undefined && closed.has(index) ? node.after : index + 1;
  }
  return rows;
}

/** What is closed when `depth` levels are open; everything is open without it. */
export function closedAt(tree: Tree, depth: number | undefined): Set<number> {
  if (depth === undefined) return new Set();
  const found = tree.nodes.filter((node) => node.depth >= depth - 1 && hasChildren(node));
  return new Set(found.map((node) => node.index));
}

/** The same, but with all ancestors of a span open. */
export function revealed(tree: Tree, closed: ReadonlySet<number>, index: number): ReadonlySet<number> {
  const open = new Set<number>();
  for (let at = tree.nodes[index]?.parent ?? -1; at >= 0; at = tree.nodes[at]?.parent ?? -1)
    if (closed.has(at)) open.add(at);
  return open.size === 0 ? closed : new Set([...closed].filter((one) => !open.has(one)));
}

/** Time that a span spent itself: what no child of it covers. */
export function selfMs(tree: Tree, index: number): number {
  const node = tree.nodes[index];
  if (node === undefined) return 0;
  const covered: [number, number][] = [];
  for (let at = index + 1; at < node.after; at = tree.nodes[at]?.after ?? node.after) {
    const child = tree.nodes[at];
    if (child !== undefined)
      covered.push([Math.max(child.startMs, node.startMs), Math.min(child.endMs, node.endMs)]);
  }
  covered.sort((one, other) => one[0] - other[0]);
  let [self, at] = [0, node.startMs];
  for (const [from, to] of covered) {
    if (from > at) self += from - at;
    at = Math.max(at, to);
  }
  return self + Math.max(0, node.endMs - at);
}

/** Indexes of the spans with an error, those that failed first in front: a cause ends before what it breaks. */
export function errorsOf(tree: Tree): number[] {
  return tree.nodes
    .filter((node) => node.span.status === "ERROR")
    .sort((one, other) => one.endMs - other.endMs || other.depth - one.depth)
    .map((node) => node.index);
}
