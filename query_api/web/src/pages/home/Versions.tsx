import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import type { Period } from "@/api/period";
import styles from "@/pages/home/home.module.css";
import { trends as trendsOf } from "@/pages/home/queries";
import { commonScores } from "@/pages/home/versions";
import { before } from "@/pages/home/wording";
import { courseOf } from "@/ui/course";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, duration, percent, score, shareOf, usd } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { ModelLink } from "@/ui/ModelLink";
import { Sparkline } from "@/ui/Sparkline";

type Trends = Schemas["Trends"];
type Trend = Schemas["Trend"];
type Changed = Schemas["ChangedModel"];

const ROW_PX = 58;
const SPARK_PX = 60;

/** A figure, what it was in the period before, and its course. */
function Figure({ value, was, children }: { value: string; was: string | null; children?: React.ReactNode }) {
  return (
    <td className="number">
      <div className={styles.figure}>
        {children}
        <span>
          {value}
          <span className={styles.was}>{was === null ? "" : `was ${was}`}</span>
        </span>
      </div>
    </td>
  );
}

function Row({ trends, trend, changed, scores }: RowProps) {
  const { name, buckets } = trend;
  const previous = changed?.previous ?? null;
  const cost = shareOf(trend.cost_usd, trend.trace_count);
  return (
    <tr>
      <th scope="row" className={styles.version}>
        <ModelLink modelId={trend.model_id} name={name} />
        {changed?.is_new && <span className={styles.new}>new</span>}
        <span className={styles.was}>{trend.service_name}</span>
      </th>
      <Figure value={count(trend.trace_count)} was={previous && count(previous.trace_count)}>
        <Sparkline
          widthPx={SPARK_PX}
          label={`Traces of ${name} over time`}
          values={courseOf(trends, buckets, (bucket) => bucket.trace_count, 0)}
        />
      </Figure>
      <Figure
        value={percent(shareOf(trend.error_count, trend.trace_count))}
        was={previous && percent(previous.error_rate)}
      >
        <Sparkline
          widthPx={SPARK_PX}
          label={`Errors of ${name} over time`}
          values={courseOf(trends, buckets, (bucket) => bucket.error_count, 0)}
          color="var(--error)"
        />
      </Figure>
      <Figure value={duration(trend.latency_p95_ms)} was={previous && duration(previous.latency_p95_ms)}>
        <Sparkline
          widthPx={SPARK_PX}
          label={`p95 latency of ${name} over time`}
          values={courseOf(trends, buckets, (bucket) => bucket.latency_p95_ms, null)}
          color="var(--series-2)"
        />
      </Figure>
      <Figure value={usd(cost)} was={previous && usd(previous.cost_per_trace_usd)} />
      {scores.map((wanted) => (
        <ScoreFigure key={wanted} name={wanted} trends={trends} trend={trend} changed={changed} />
      ))}
    </tr>
  );
}

interface RowProps {
  trends: Trends;
  trend: Trend;
  changed: Changed | undefined;
  scores: readonly string[];
}

function ScoreFigure({ name, trends, trend, changed }: Omit<RowProps, "scores"> & { name: string }) {
  const mean = trend.scores.find((one) => one.name === name)?.mean ?? null;
  const previous = changed?.scores.find((one) => one.name === name)?.previous ?? null;
  return (
    <Figure value={score(mean)} was={previous === null ? null : score(previous)}>
      {mean !== null && (
        <Sparkline
          widthPx={SPARK_PX}
          label={`${name} of ${trend.name} over time`}
          values={courseOf(trends, trend.buckets, (bucket) => bucket.scores[name] ?? null, null)}
          color="var(--series-3)"
        />
      )}
    </Figure>
  );
}

function Table({ trends, changed }: { trends: Trends; changed: ReadonlyMap<string, Changed> }) {
  const scores = commonScores(trends.models);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="scroll-x" tabIndex={0} aria-label="Versions">
      <table className={`plain-table ${styles.versions}`}>
        <thead>
          <tr>
            <th>Version</th>
            <th className="number">Traces</th>
            <th className="number">Error rate</th>
            <th className="number">p95 latency</th>
            <th className="number">Cost a trace</th>
            {scores.map((name) => (
              <th key={name} className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {trends.models.map((trend) => (
            <Row
              key={trend.model_id}
              trends={trends}
              trend={trend}
              changed={changed.get(trend.model_id)}
              scores={scores}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Versions with traffic in the period, newest first: volume, errors, latency, cost and quality. */
export function Versions({ models, period }: { models: readonly Changed[]; period: Period }) {
  const { data, error, refetch } = useQuery(trendsOf(period));
  const changed = new Map(models.map((model) => [model.model_id, model]));
  const serving = models.filter((model) => model.current !== null).length;
  return (
    <section className="card stack" aria-labelledby="versions">
      <div className="row spread">
        <h2 id="versions">By version</h2>
        <span className="row">
          <span className="muted">
            {data !== undefined && data.models.length < serving && `the newest ${data.models.length} · `}
            "was": in {before(period)}
          </span>
          <Link to="/models">All versions</Link>
        </span>
      </div>
      {error !== null ? (
        <ErrorBox error={error} onRetry={refetch} />
      ) : data === undefined ? (
        <Loading heightPx={34 + ROW_PX * Math.max(1, serving)} />
      ) : data.models.length === 0 ? (
        <p className="muted">
          This traffic says of no version what it is of. Name the version that runs:{" "}
          <code>spanfold.set_active_model(name="my-app-v1")</code>, or{" "}
          <code>OTEL_RESOURCE_ATTRIBUTES=spanfold.model.id=my-app-v1</code>.
        </p>
      ) : (
        <Table trends={data} changed={changed} />
      )}
    </section>
  );
}
