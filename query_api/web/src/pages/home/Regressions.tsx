import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import type { Period } from "@/api/period";
import styles from "@/pages/home/home.module.css";
import { headline, MIN_TRACES, type Pair, pairsOf } from "@/pages/home/pairs";
import { diff, regressions } from "@/pages/home/queries";
import { CompareLink, EvaluateLink, TracesLink } from "@/pages/home/ways";
import { before, type Finding, figure, interval, metricName, short, traces } from "@/pages/home/wording";
import { ErrorBox } from "@/ui/ErrorBox";
import { percent } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Status } from "@/ui/Status";

const SHOWN_PAIRS = 3;
const SHOWN_DIFFERENCES = 8;
const COMMIT_CHARS = 8;
const LOADING_PX = 168;

/** "token_f1 0.56, was 0.81 in docs-qa-v2 (−0.35 to −0.14)", with the traces that show it. */
function Sentence({ finding, period }: { finding: Finding; period: Period }) {
  const { unit, value, baseline_value: was } = finding;
  const limits = interval(finding);
  const rests = `From ${traces(finding.trace_count)} against ${traces(finding.baseline_trace_count)}.`;
  return (
    <li className={styles.finding}>
      <span>
        <Status status={finding.verdict} />
      </span>
      <span title={rests}>
        <strong>{metricName(finding.metric)}</strong> {figure(value, unit)}, was {figure(was, unit)} in{" "}
        {finding.model_id === finding.baseline_model_id ? before(period) : finding.baseline_model_name}
        {limits !== null && <span className="muted"> ({limits})</span>}
      </span>
      <TracesLink filter={finding.filter} period={period} className={styles.way}>
        Show the traces
      </TracesLink>
    </li>
  );
}

/** One side of a difference; a commit as people write it. */
function shown(key: string, value: string | number | null, other: string | number | null): string {
  const text = short(value, other);
  return key.endsWith("commit") ? text.slice(0, COMMIT_CHARS) : text;
}

/** What somebody changed from one version to the other: the likely reason. */
function WhatChanged({ pair }: { pair: Pair }) {
  const { data } = useQuery(diff(pair.baselineId, pair.modelId));
  if (pair.modelId === pair.baselineId) return null;
  if (data === undefined) return <p className={styles.note}>&nbsp;</p>;
  const commits = data.git.filter((one) => one.key.endsWith("commit"));
  const changed = [...data.params, ...commits].filter((one) => one.change !== "same");
  if (changed.length === 0)
    return <p className={styles.note}>Nobody recorded what was changed: params and commit are the same.</p>;
  const hidden = changed.length - SHOWN_DIFFERENCES;
  return (
    <dl className={styles.changed} aria-label={`Changed in ${pair.modelName}`}>
      <dt>Changed in it</dt>
      {changed.slice(0, SHOWN_DIFFERENCES).map((one) => (
        <dd key={one.key} title={`${one.b ?? "not set"}\nwas: ${one.a ?? "not set"}`}>
          {one.key} <strong>{shown(one.key, one.b, one.a)}</strong>{" "}
          <span className="muted">was {shown(one.key, one.a, one.b)}</span>
        </dd>
      ))}
      {hidden > 0 && <dd className="muted">and {hidden} more: compare them</dd>}
    </dl>
  );
}

/** What the figures do not tell, and what would. */
function WhatIsOpen({ pair }: { pair: Pair }) {
  const [own, base] = pair.traceCounts;
  const isItself = pair.modelId === pair.baselineId;
  return (
    <>
      {pair.alike.length > 0 && (
        <p className={styles.note}>
          {Math.min(own, base) < MIN_TRACES
            ? `Too few traces to tell (${own} against ${base}; ${MIN_TRACES} of each are needed): `
            : "No proof either way: "}
          {pair.alike.join("; ")}
        </p>
      )}
      {!isItself && pair.sharedScores.length === 0 && (
        <p className={styles.note}>
          Whether its answers are better, nobody has measured: no score is known of both. Evaluate both.
        </p>
      )}
    </>
  );
}

function PairCard({ pair, period }: { pair: Pair; period: Period }) {
  const isItself = pair.modelId === pair.baselineId;
  const findings = [...pair.worse, ...pair.better];
  return (
    <article className={`${styles.pair} ${pair.worse.length > 0 ? styles.worse : ""}`}>
      <div className={styles.pairHead}>
        <h3>{headline(pair, before(period))}</h3>
        <span className="muted">
          {pair.isNewest && "newest version"}
          {pair.isNewest && pair.serviceName !== "" && " of "}
          {pair.serviceName}
        </span>
        <span className={styles.ways}>
          {isItself ? (
            <Link to="/models/$modelId" params={{ modelId: pair.modelId }} className="button small">
              Its history
            </Link>
          ) : (
            <>
              <CompareLink pair={pair} period={period} />
              <EvaluateLink pair={pair} period={period} />
            </>
          )}
        </span>
      </div>
      {findings.length > 0 && (
        <ul className={styles.findings}>
          {findings.map((finding) => (
            <Sentence key={finding.metric} finding={finding} period={period} />
          ))}
        </ul>
      )}
      <WhatChanged pair={pair} />
      <WhatIsOpen pair={pair} />
    </article>
  );
}

interface Props {
  models: readonly Schemas["ChangedModel"][];
  period: Period;
}

/** What got worse, the worst first, and how the newest versions do; each with ways to see and to prove it. */
export function Regressions({ models, period }: Props) {
  const { data, error, refetch } = useQuery(regressions(period));
  const [isAll, setIsAll] = useState(false);
  if (error !== null) return <ErrorBox error={error} onRetry={refetch} />;
  if (data === undefined) return <Loading heightPx={LOADING_PX} />;
  const pairs = pairsOf(data.findings, models);
  const worse = pairs.filter((pair) => pair.worse.length > 0).length;
  const shown = isAll ? pairs : pairs.slice(0, Math.max(SHOWN_PAIRS, Math.min(worse, 2 * SHOWN_PAIRS)));
  return (
    <section className="card stack" aria-labelledby="regressions">
      <div className="row spread">
        <h2 id="regressions">{worse > 0 ? "What got worse" : "Nothing got measurably worse"}</h2>
        <span className="muted">
          Told where it is more than chance explains: intervals hold with {percent(data.confidence)}{" "}
          confidence
        </span>
      </div>
      {pairs.length === 0 && (
        <p className="muted">
          There are no two versions to hold against each other. With a second one, this place says which is
          better: name it with <code>spanfold.set_active_model(name="…-v2")</code>.
        </p>
      )}
      {shown.map((pair) => (
        <PairCard key={`${pair.modelId} ${pair.baselineId}`} pair={pair} period={period} />
      ))}
      {shown.length < pairs.length && (
        <button type="button" className="button quiet small" onClick={() => setIsAll(true)}>
          Show the other {pairs.length - shown.length}
        </button>
      )}
    </section>
  );
}
