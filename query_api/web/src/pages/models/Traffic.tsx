import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type uPlot from "uplot";
import { answer, api, type Schemas } from "@/api/client";
import { boundsOf, type Period } from "@/api/period";
import styles from "@/pages/models/Model.module.css";
import { trendsQuery } from "@/pages/models/queries";
import { Chart } from "@/ui/Chart";
import { courseOf, startsOf } from "@/ui/course";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, duration, percent, score, shareOf, usd } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Sparkline } from "@/ui/Sparkline";
import { timeAxes } from "@/ui/timeAxis";

const CHART_HEIGHT_PX = 170;
const CHART_BUCKETS = 80;

interface Series {
  label: string;
  color: string;
  values: (number | null)[];
}

interface CourseProps {
  label: string;
  timesS: number[];
  series: Series[];
  format: (value: number) => string;
}

/** Courses over the period, with their names and colours below. */
function Course({ label, timesS, series, format }: CourseProps) {
  const named = series.map((one) => `${one.label}|${one.color}`).join(",");
  const options = useCallback(
    (color: (variable: string) => string): Omit<uPlot.Options, "width" | "height"> => ({
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      axes: timeAxes(color, format),
      scales: { y: { range: (_, __, highest) => [0, highest > 0 ? highest * 1.05 : 1] } },
      series: [
        {},
        ...named.split(",").map((one) => ({
          stroke: color(one.slice(one.indexOf("|") + 1)),
          width: 1.5,
          points: { size: 4 },
          spanGaps: false,
        })),
      ],
    }),
    [named, format],
  );
  const data = useMemo(
    () => [timesS, ...series.map(({ values }) => values)] as uPlot.AlignedData,
    [timesS, series],
  );
  return (
    <figure className={styles.course}>
      <figcaption className="row">
        {series.map(({ label: name, color }) => (
          <span key={name} className={styles.key}>
            <span className={styles.swatch} style={{ background: `var(${color})` }} />
            {name}
          </span>
        ))}
      </figcaption>
      <Chart label={label} data={data} options={options} heightPx={CHART_HEIGHT_PX} />
    </figure>
  );
}

type Trends = Schemas["Trends"];

function Courses({ trends }: { trends: Trends }) {
  const [counts, latencies, timesS] = useMemo(() => {
    const buckets = trends.models[0]?.buckets ?? [];
    const course = (figure: (bucket: Schemas["TrendBucket"]) => number | null, nothing: 0 | null) =>
      courseOf(trends, buckets, figure, nothing);
    const traces = course(({ trace_count }) => trace_count, 0);
    return [
      [
        { label: "Traces", color: "--series-1", values: traces },
        { label: "Errors", color: "--error", values: course(({ error_count }) => error_count, 0) },
      ],
      [
        { label: "p50", color: "--series-1", values: course(({ latency_p50_ms }) => latency_p50_ms, null) },
        { label: "p95", color: "--series-2", values: course(({ latency_p95_ms }) => latency_p95_ms, null) },
      ],
      startsOf(trends),
    ];
  }, [trends]);
  return (
    <div className={styles.courses}>
      <Course label="Traces and errors over the period" timesS={timesS} series={counts} format={count} />
      <Course label="Latency over the period" timesS={timesS} series={latencies} format={duration} />
    </div>
  );
}

function Scores({ trends }: { trends: Trends }) {
  const trend = trends.models[0];
  if (trend === undefined || trend.scores.length === 0)
    return <p className="muted">No trace of the period has a score.</p>;
  return (
    <div className="scroll-x">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col" className="number">
              Mean
            </th>
            <th scope="col">Course</th>
            <th scope="col" className="number">
              Traces
            </th>
          </tr>
        </thead>
        <tbody>
          {trend.scores.map(({ name, mean, count: traces, greater_is_better, label_counts }) => (
            <tr key={name}>
              <td>
                {name}
                {greater_is_better !== null && (
                  <span className="muted"> {greater_is_better ? "more is better" : "less is better"}</span>
                )}
              </td>
              <td className="number">
                {score(mean)}
                {Object.entries(label_counts).map(([label, times]) => (
                  <div key={label} className="muted">
                    {label} {percent(shareOf(times, traces))}
                  </div>
                ))}
              </td>
              <td>
                <Sparkline
                  values={courseOf(trends, trend.buckets, ({ scores }) => scores[name], null)}
                  label={`${name} over the period`}
                  color="var(--series-3)"
                />
              </td>
              <td className="number">{count(traces)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Figure({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** How the version did in the period. */
export function Traffic({ modelId, period }: { modelId: string; period: Period }) {
  const summary = useQuery({
    queryKey: ["model", modelId, "summary", period],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/models/{model_id}/summary", {
          params: { path: { model_id: modelId }, query: boundsOf(period) },
          signal,
        }),
      ),
    placeholderData: (before, query) => (query?.queryKey[1] === modelId ? before : undefined),
  });
  const trends = useQuery({
    ...trendsQuery([modelId], period, CHART_BUCKETS),
    placeholderData: (before: Trends | undefined, query) =>
      query?.queryKey[2][0] === modelId ? before : undefined,
  });
  const error = summary.error ?? trends.error;
  if (error)
    return (
      <ErrorBox
        error={error}
        onRetry={() => {
          void summary.refetch();
          void trends.refetch();
        }}
      />
    );
  if (summary.data === undefined || trends.data === undefined) return <Loading heightPx={300} />;
  const told = summary.data;
  if (told.trace_count === 0)
    return (
      <p className="muted">No trace entered this version in the period. Choose a longer one, or send some.</p>
    );
  return (
    <>
      <dl className={styles.figures}>
        <Figure label="Traces">{count(told.trace_count)}</Figure>
        <Figure label="Errors">{`${percent(told.error_rate)} (${count(told.error_count)})`}</Figure>
        <Figure label="Latency p50">{duration(told.latency_ms?.p50)}</Figure>
        <Figure label="p95">{duration(told.latency_ms?.p95)}</Figure>
        <Figure label="p99">{duration(told.latency_ms?.p99)}</Figure>
        <Figure label="Input tokens">{count(told.input_tokens)}</Figure>
        <Figure label="Output tokens">{count(told.output_tokens)}</Figure>
        <Figure label="Cost">{usd(told.cost_usd)}</Figure>
        <Figure label="Cost a trace">{usd(shareOf(told.cost_usd, told.trace_count))}</Figure>
      </dl>
      {told.approximate && (
        <p className="muted">
          From counts by the minute: percentiles are estimates, bounds are whole minutes.
        </p>
      )}
      <Courses trends={trends.data} />
      <Scores trends={trends.data} />
    </>
  );
}
