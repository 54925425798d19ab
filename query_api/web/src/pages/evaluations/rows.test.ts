import { expect, test } from "vitest";
import { asCsv, asJsonLines } from "@/pages/evaluations/exportRows";
import { barsOf, isWithin } from "@/pages/evaluations/histogram";
import { marked, rateOf, timeLeftMs } from "@/pages/evaluations/progress";
import { figuresOf, filtered, metricsOf, rowsOf, sorted, sortOf, titleOf } from "@/pages/evaluations/rows";
import { readLines, type Score } from "@/pages/evaluations/scoreStream";

function score(trace: string, name: string, given: Partial<Score> = {}): Score {
  return {
    trace_id: trace,
    span_id: "1",
    model_id: "m-1",
    name,
    value: null,
    label: null,
    explanation: null,
    error: null,
    input_hash: null,
    cost_usd: null,
    calls: null,
    scorer: null,
    source: null,
    ...given,
  };
}

const ROWS = rowsOf([
  score("a", "f1", { value: 0.5 }),
  score("b", "f1", { value: 0.1, model_id: "m-2" }),
  score("c", "f1", { error: "too long" }),
  score("a", "tone", { label: "polite" }),
  score("b", "tone", { label: "curt" }),
]);
const keysOf = (rows: typeof ROWS) => rows.map(({ traceId }) => traceId);

test("scores of a trace make one row", () => {
  expect(keysOf(ROWS)).toEqual(["a", "b", "c"]);
  expect(ROWS[0]?.scores.tone?.label).toBe("polite");
});

test("rows are chosen by score, label, failure and version", () => {
  expect(keysOf(filtered(ROWS, { by: "f1", from: 0.2, to: 1 }))).toEqual(["a"]);
  expect(keysOf(filtered(ROWS, { by: "f1", from: 0.1, to: 0.1 }))).toEqual(["b"]);
  expect(keysOf(filtered(ROWS, { by: "tone", label: "curt" }))).toEqual(["b"]);
  expect(keysOf(filtered(ROWS, { failed: true }))).toEqual(["c"]);
  expect(keysOf(filtered(ROWS, { model_id: "m-2" }))).toEqual(["b"]);
});

test("rows without a score come last, whichever way the others are sorted", () => {
  expect(keysOf(sorted(ROWS, "f1", false))).toEqual(["b", "a", "c"]);
  expect(keysOf(sorted(ROWS, "f1", true))).toEqual(["a", "b", "c"]);
  expect(keysOf(sorted(ROWS, "tone", false))).toEqual(["b", "a", "c"]);
});

test("the worst rows of the first metric come first if nothing is asked", () => {
  const metrics = metricsOf([{ key: "latency/v1", greater_is_better: false }]);
  expect(sortOf(undefined, metrics)).toEqual({ name: "latency", isDown: true });
  expect(sortOf("-f1", metrics)).toEqual({ name: "f1", isDown: true });
});

test("failed rows do not count as zeros", () => {
  const figures = figuresOf(ROWS.map((row) => row.scores.f1));
  expect(figures).toEqual({ count: 2, failed: 1, mean: 0.3, labels: [] });
  expect(figuresOf(ROWS.map((row) => row.scores.tone)).labels).toEqual([
    ["curt", 1],
    ["polite", 1],
  ]);
});

test("few values have a bar each, many are gathered, and none is lost", () => {
  expect(barsOf([1, 5, 1, 3])).toEqual([
    { from: 1, to: 1, count: 2 },
    { from: 3, to: 3, count: 1 },
    { from: 5, to: 5, count: 1 },
  ]);
  const many = barsOf(Array.from({ length: 500 }, (_, index) => index / 499));
  expect(many.reduce((sum, bar) => sum + bar.count, 0)).toBe(500);
  expect([many[0]?.from, many[1]?.from, many.length]).toEqual([0, 0.05, 21]);
  expect(barsOf([])).toEqual([]);
});

test("a bar shows as many rows as it counts", () => {
  const values = Array.from({ length: 100 }, (_, index) => index / 100);
  for (const bar of barsOf(values)) {
    expect(values.filter((value) => isWithin(value, bar.from, bar.to))).toHaveLength(bar.count);
  }
});

test("lines that come in pieces are put together, and the stream is left at the limit", async () => {
  async function* pieces() {
    yield '{"a":1}\n{"a"';
    yield ":2}\n";
    yield '{"a":3}\n';
  }
  expect(await readLines(pieces(), 10, 1_000)).toEqual({
    lines: ['{"a":1}', '{"a":2}', '{"a":3}'],
    chars: 24,
    isCut: false,
  });
  expect((await readLines(pieces(), 2, 1_000)).isCut).toBe(true);
  expect((await readLines(pieces(), 10, 13)).lines).toEqual(['{"a":1}', '{"a":2}']);
  async function* broken() {
    yield '{"a":1}\n{"a';
  }
  await expect(readLines(broken(), 10, 1_000)).rejects.toThrow("does not answer");
});

test("the rate is of the last minute, and the time left follows from it", () => {
  const marks = [0, 1, 2, 3].reduce(
    (so, second) => marked(so, { atMs: second * 1_000, done: second * 10 }),
    [] as ReturnType<typeof marked>,
  );
  expect(rateOf(marks, 3_000)).toBe(10);
  expect(timeLeftMs(30, 130, 10)).toBe(10_000);
  expect(timeLeftMs(30, null, 10)).toBeNull();
  expect(marked(marks, { atMs: 4_000, done: 0 })).toHaveLength(1);
  expect(marked(marks, { atMs: 62_500, done: 40 })).toHaveLength(2);
});

test("exported rows keep every score, and a spreadsheet runs none of them", () => {
  expect(asJsonLines(ROWS.slice(0, 1), ["f1"])).toContain('"f1/score":0.5');
  expect(asCsv(ROWS.slice(1, 2), ["f1", "tone"])).toBe(
    "trace_id,span_id,model_id,f1/score,tone/label\r\nb,1,m-2,0.1,curt\r\n",
  );
});

test("an evaluation without a name of its own is called by its shortened ID", () => {
  const evaluation_id = `e-${"0123456789abcdef".repeat(2)}`;
  expect(titleOf({ evaluation_id, name: evaluation_id })).toBe("Evaluation e-01234567");
  expect(titleOf({ evaluation_id, name: "tone" })).toBe("tone");
});
