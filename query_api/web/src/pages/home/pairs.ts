import type { Schemas } from "@/api/client";
import { type Finding, figure, metricName } from "@/pages/home/wording";

type ChangedModel = Schemas["ChangedModel"];
type Figures = Schemas["Figures"];

/** Of fewer traces the server tells nothing. */
export const MIN_TRACES = 20;

/** A version beside the one before it, or beside its own past; and what is known of the two. */
export interface Pair {
  modelId: string;
  modelName: string;
  baselineId: string;
  baselineName: string;
  serviceName: string;
  /** Whether it is the newest version with traffic of its application. */
  isNewest: boolean;
  /** Whether the baseline has no traffic in the period itself: the period before counts as well. */
  isReplaced: boolean;
  worse: Finding[];
  better: Finding[];
  /** What both have and no finding tells of: "error rate 2 %, was 1 %". */
  alike: string[];
  /** Names of the scores that both have. */
  sharedScores: string[];
  traceCounts: [number, number];
}

/** The newest version of each application, with the one before it. */
function newestPairs(models: readonly ChangedModel[]): [ChangedModel, ChangedModel][] {
  const found: [ChangedModel, ChangedModel][] = [];
  for (const service of new Set(models.map((model) => model.service_name))) {
    const [newest, ...older] = models.filter((model) => model.service_name === service);
    const baseline = older[0];
    if (newest !== undefined && newest.current !== null && baseline !== undefined)
      found.push([newest, baseline]);
  }
  return found;
}

function emptyPair(
  id: string,
  name: string,
  baselineId: string,
  baselineName: string,
  serviceName: string,
): Pair {
  return {
    modelId: id,
    modelName: name,
    baselineId,
    baselineName,
    serviceName,
    isNewest: false,
    isReplaced: false,
    worse: [],
    better: [],
    alike: [],
    sharedScores: [],
    traceCounts: [0, 0],
  };
}

const FIGURES: readonly (readonly [string, string, keyof Figures])[] = [
  ["error_rate", "ratio", "error_rate"],
  ["latency_p95", "ms", "latency_p95_ms"],
  ["cost", "usd", "cost_per_trace_usd"],
];

function alike(pair: Pair, own: ChangedModel, base: ChangedModel): string[] {
  const told = new Set([...pair.worse, ...pair.better].map((finding) => finding.metric));
  const [ownFigures, baseFigures] = [own.current, base.current ?? base.previous];
  const said: string[] = [];
  const say = (metric: string, unit: string, value: number | null, was: number | null) => {
    if (told.has(metric) || value === null || was === null) return;
    said.push(`${metricName(metric)} ${figure(value, unit)}, was ${figure(was, unit)}`);
  };
  for (const [metric, unit, member] of FIGURES) {
    say(metric, unit, ownFigures?.[member] ?? null, baseFigures?.[member] ?? null);
  }
  for (const score of own.scores) {
    const other = base.scores.find((one) => one.name === score.name);
    say(`score.${score.name}`, "score", score.current, other?.current ?? other?.previous ?? null);
  }
  return said;
}

function complete(pair: Pair, models: ReadonlyMap<string, ChangedModel>): void {
  const [own, base] = [models.get(pair.modelId), models.get(pair.baselineId)];
  if (own === undefined || base === undefined || own === base) return;
  const scored = new Set(base.scores.map((score) => score.name));
  pair.isReplaced = (base.current?.trace_count ?? 0) < MIN_TRACES;
  pair.alike = alike(pair, own, base);
  pair.sharedScores = own.scores.map((score) => score.name).filter((name) => scored.has(name));
  pair.traceCounts = [
    own.current?.trace_count ?? 0,
    (base.current?.trace_count ?? 0) + (pair.isReplaced ? (base.previous?.trace_count ?? 0) : 0),
  ];
}

function rank(pair: Pair): number {
  if (pair.worse.length > 0) return 0;
  return pair.isNewest ? 1 : 2;
}

/**
 * What to say of versions: those that got worse first (in the server's order: the worst), then the newest version of
 * each application whatever it did, then the others that differ.
 */
export function pairsOf(findings: readonly Finding[], models: readonly ChangedModel[]): Pair[] {
  const found = new Map<string, Pair>();
  const at = (key: string, make: () => Pair): Pair => {
    const pair = found.get(key) ?? make();
    found.set(key, pair);
    return pair;
  };
  for (const one of findings) {
    at(`${one.model_id} ${one.baseline_model_id}`, () =>
      emptyPair(
        one.model_id,
        one.model_name,
        one.baseline_model_id,
        one.baseline_model_name,
        one.service_name,
      ),
    )[one.verdict].push(one);
  }
  for (const [own, base] of newestPairs(models)) {
    at(`${own.model_id} ${base.model_id}`, () =>
      emptyPair(own.model_id, own.name, base.model_id, base.name, own.service_name),
    ).isNewest = true;
  }
  const byId = new Map(models.map((model) => [model.model_id, model]));
  const pairs = [...found.values()];
  for (const pair of pairs) complete(pair, byId);
  return pairs.sort((one, other) => rank(one) - rank(other));
}

/** What is to be said first: "docs-qa-v3 is worse than docs-qa-v2: token_f1, error rate". */
export function headline(pair: Pair, before: string): string {
  const names = pair.worse.map((finding) => metricName(finding.metric)).join(", ");
  if (pair.modelId === pair.baselineId) return `${pair.modelName} is worse than in ${before}: ${names}`;
  const two = `${pair.modelName} %s ${pair.baselineName}`;
  if (names !== "") return `${two.replace("%s", "is worse than")}: ${names}`;
  if (Math.min(...pair.traceCounts) < MIN_TRACES)
    return two.replace("%s", "cannot be told from") + (pair.alike.length ? " yet" : "");
  if (pair.better.length === 0) return two.replace("%s", "is no worse than");
  return `${two.replace("%s", "is better than")}: ${pair.better.map((one) => metricName(one.metric)).join(", ")}`;
}
