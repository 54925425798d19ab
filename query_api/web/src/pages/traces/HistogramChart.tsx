import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { answer, api, type Schemas } from "@/api/client";
import styles from "@/pages/traces/charts.module.css";
import { BUCKETS, columnsOf, NS_PER_S } from "@/pages/traces/histogram";
import { type Asked, queryOf } from "@/pages/traces/traceList";
import { Chart } from "@/ui/Chart";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, duration } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { timeAxes, timeText } from "@/ui/timeAxis";

type Histogram = Schemas["TraceHistogram"];

export const CHART_PX = 138;
const LIVE_REFRESH_MS = 10_000;
/** A drag that is shorter was a click. */
const LEAST_BRUSH_PX = 4;

/** Traces over time; of all the page asks for, only the list of traces is asked before. */
export function useHistogram(asked: Asked, isLive: boolean, isWanted: boolean) {
  return useQuery({
    queryKey: ["trace-histogram", { ...asked, order_by: undefined }],
    queryFn: ({ signal }) => {
      const query = { ...queryOf(asked), order_by: undefined, buckets: BUCKETS };
      return answer(api.GET("/v1/traces/histogram", { params: { query }, signal }));
    },
    enabled: isWanted,
    refetchInterval: isLive ? LIVE_REFRESH_MS : false,
  });
}

interface Props {
  asked: Asked;
  isLive: boolean;
  /** It may ask the server now: the table was first. */
  isWanted: boolean;
  /** Seconds since 1970. */
  onBrush: (startS: number, endS: number) => void;
}

export function HistogramChart({ asked, isLive, isWanted, onBrush }: Props) {
  const { data: histogram, error, refetch } = useHistogram(asked, isLive, isWanted);
  const [hovered, setHovered] = useState<number | null>(null);
  const data = useMemo(() => histogram && columnsOf(histogram), [histogram]);
  const widthS = (histogram?.bucket_ns ?? 0) / NS_PER_S;
  const brush = useRef(onBrush);
  brush.current = onBrush;
  const options = useCallback(
    (color: (variable: string) => string) => optionsOf(color, widthS, setHovered, brush),
    [widthS],
  );
  return (
    <section className={`card ${styles.chart}`} aria-label="Traces over time">
      <div className={styles.head}>
        <h2>{hovered === null || !data ? "Traces over time" : bucketText(data, hovered, widthS)}</h2>
        <div className={styles.legend}>
          <span>ok</span>
          <span className={styles.error}>error</span>
          <span className={styles.line}>p95 latency</span>
        </div>
      </div>
      <div className={styles.place}>
        {error !== null ? (
          <ErrorBox error={error} onRetry={() => void refetch()} />
        ) : !histogram || !data ? (
          <Loading heightPx={CHART_PX} />
        ) : histogram.trace_count === 0 ? (
          <div className={styles.nothing}>No traces</div>
        ) : (
          <Chart label={labelOf(histogram)} data={data} options={options} heightPx={CHART_PX} />
        )}
      </div>
    </section>
  );
}

function labelOf({ trace_count, error_count, buckets }: Histogram): string {
  const slowest = Math.max(0, ...buckets.map((bucket) => bucket.latency_p95_ms ?? 0));
  return `${count(trace_count)} traces, ${count(error_count)} with an error; highest p95 latency ${duration(slowest)}`;
}

function bucketText(data: uPlot.AlignedData, index: number, widthS: number): string {
  const [start, total, errors, p95] = data.map((column) => column[index]);
  if (start == null) return "";
  const span = `${timeText(start)} (${duration(widthS * 1_000)})`;
  if (total == null) return `${span}: no traces`;
  return `${span}: ${count(total - (errors ?? 0))} ok, ${count(errors)} error, p95 ${duration(p95)}`;
}

function optionsOf(
  color: (variable: string) => string,
  widthS: number,
  onHover: (index: number | null) => void,
  brush: { readonly current: Props["onBrush"] },
): Omit<uPlot.Options, "width" | "height"> {
  const [x, y] = timeAxes(color, count);
  const bars = uPlot.paths.bars?.({ size: [0.9, 40, 1], align: 1 });
  const column = { scale: "y", ...(bars && { paths: bars }), points: { show: false }, width: 0 };
  return {
    legend: { show: false },
    padding: [8, 0, 0, 0],
    scales: {
      // The last bucket is as wide as the others.
      x: { time: true, range: (_, low, high) => [low, high + widthS] },
      y: { range: (_, __, high) => [0, Math.max(1, high * 1.05)] },
      ms: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] },
    },
    axes: [
      x,
      { ...y, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7] },
      { ...y, scale: "ms", side: 1, grid: { show: false }, values: (_, splits) => splits.map(duration) },
    ],
    series: [
      {},
      { ...column, fill: color("--series-1") },
      { ...column, fill: color("--error") },
      {
        scale: "ms",
        stroke: color("--series-2"),
        width: 1.5,
        points: { show: true, size: 3, fill: color("--series-2") },
        paths: uPlot.paths.linear?.({ alignGaps: 0 }) ?? (() => null),
      },
    ],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      y: false,
    },
    hooks: {
      setCursor: [(u) => onHover(u.cursor.left == null || u.cursor.left < 0 ? null : (u.cursor.idx ?? null))],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width < LEAST_BRUSH_PX) return;
          brush.current(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}
