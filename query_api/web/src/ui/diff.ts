/** A run of items that both have, that only the first has, or that only the second has. */
export interface Run<Item> {
  kind: "same" | "removed" | "added";
  items: Item[];
}

/** More differences than this are not looked for: the middle is then shown as replaced altogether. */
const MAX_EDITS = 500;

function push<Item>(runs: Run<Item>[], kind: Run<Item>["kind"], items: readonly Item[]): void {
  if (items.length === 0) return;
  const last = runs.at(-1);
  if (last?.kind === kind) for (const item of items) last.items.push(item);
  else runs.push({ kind, items: [...items] });
}

/** For each number of edits, how far along the first sequence each diagonal came (Myers 1986); null: too many. */
function traceOf<Item>(a: readonly Item[], b: readonly Item[]): Map<number, number>[] | null {
  const steps: Map<number, number>[] = [];
  let reached = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(a.length + b.length, MAX_EDITS); edits++) {
    steps.push(reached);
    const next = new Map(reached);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = reached.get(diagonal + 1) ?? -1;
      const right = reached.get(diagonal - 1) ?? -1;
      let x = diagonal === -edits || (diagonal !== edits && right < down) ? down : right + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return steps;
    }
    reached = next;
  }
  return null;
}

function middleOf<Item>(a: readonly Item[], b: readonly Item[]): Run<Item>[] {
  const steps = traceOf(a, b);
  const runs: Run<Item>[] = [];
  if (steps === null) {
    push(runs, "removed", a);
    push(runs, "added", b);
    return runs;
  }
  let [x, y] = [a.length, b.length];
  const backwards: Run<Item>[] = [];
  for (let edits = steps.length - 1; edits >= 0; edits--) {
    const reached = steps[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const [down, right] = [reached.get(diagonal + 1) ?? -1, reached.get(diagonal - 1) ?? -1];
    const isDown = diagonal === -edits || (diagonal !== edits && right < down);
    const fromX = edits === 0 ? 0 : isDown ? down : right;
    const fromY = edits === 0 ? 0 : fromX - (isDown ? diagonal + 1 : diagonal - 1);
    const startX = edits === 0 ? 0 : isDown ? fromX : fromX + 1;
    backwards.push({ kind: "same", items: a.slice(startX, x) });
    if (edits > 0) {
      backwards.push(
        isDown
          ? { kind: "added", items: b.slice(fromY, fromY + 1) }
          : { kind: "removed", items: a.slice(fromX, fromX + 1) },
      );
    }
    [x, y] = [fromX, fromY];
  }
  for (const run of backwards.reverse()) push(runs, run.kind, run.items);
  return runs;
}

/**
 * The shortest way from one sequence to another, as runs in order.
 *
 * Beyond 500 differences the middle counts as replaced: time and memory stay bounded, and nobody reads more.
 */
export function diff<Item>(a: readonly Item[], b: readonly Item[]): Run<Item>[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const runs: Run<Item>[] = [];
  push(runs, "same", a.slice(0, start));
  for (const run of middleOf(a.slice(start, endA), b.slice(start, endB))) push(runs, run.kind, run.items);
  push(runs, "same", a.slice(endA));
  return runs;
}

const words = new Intl.Segmenter(undefined, { granularity: "word" });

/** The words of a text and what stands between them; in any script. */
export function wordsOf(text: string): string[] {
  return Array.from(words.segment(text), ({ segment }) => segment);
}

/** A piece of a line; marked where the other line has something else. */
export interface Piece {
  text: string;
  isMarked: boolean;
}

/** One line of a comparison: what stands on both sides; null where a side has no such line. */
export interface Line {
  isSame: boolean;
  before: Piece[] | null;
  after: Piece[] | null;
}

const MAX_WORD_CHARS = 20_000;

function whole(text: string): Piece[] {
  return [{ text, isMarked: false }];
}

/** Both versions of a changed line; unmarked where hardly anything is common, since marks would be everywhere. */
function paired(before: string, after: string): Line {
  const line = { isSame: false, before: whole(before), after: whole(after) };
  if (before.length + after.length > MAX_WORD_CHARS) return line;
  const runs = diff(wordsOf(before), wordsOf(after));
  const common = runs
    .filter(({ kind }) => kind === "same")
    .reduce((sum, { items }) => sum + items.join("").trim().length, 0);
  if (common * 4 < Math.min(before.length, after.length)) return line;
  const side = (kind: "removed" | "added") =>
    runs
      .filter((run) => run.kind === "same" || run.kind === kind)
      .map((run) => ({ text: run.items.join(""), isMarked: run.kind === kind }));
  return { ...line, before: side("removed"), after: side("added") };
}

/** Two texts line by line, changed lines beside one another, with the words in them that changed. */
export function linesOf(before: string, after: string): Line[] {
  const lines: Line[] = [];
  const runs = diff(before === "" ? [] : before.split("\n"), after === "" ? [] : after.split("\n"));
  for (let index = 0; index < runs.length; index++) {
    const run = runs[index];
    const next = runs[index + 1];
    if (run === undefined) break;
    if (run.kind === "same") {
      for (const text of run.items) lines.push({ isSame: true, before: whole(text), after: whole(text) });
      continue;
    }
    const isPair = next !== undefined && next.kind !== "same";
    const sides = isPair ? [run, next] : [run];
    const removed = sides.find(({ kind }) => kind === "removed")?.items ?? [];
    const added = sides.find(({ kind }) => kind === "added")?.items ?? [];
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      const [old, made] = [removed[at], added[at]];
      if (old !== undefined && made !== undefined) lines.push(paired(old, made));
      else
        lines.push({
          isSame: false,
          before: old === undefined ? null : whole(old),
          after: made === undefined ? null : whole(made),
        });
    }
    if (isPair) index += 1;
  }
  return lines;
}
