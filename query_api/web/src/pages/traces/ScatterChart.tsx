import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import type uPlot from "uplot";
import { answer, api, type Schemas } from "@/api/client";
import styles from "@/pages/traces/charts.module.css";
import { CHART_PX } from "@/pages/traces/HistogramChart";
import { type Asked, queryOf } from "@/pages/traces/traceList";
import { Chart } from "@/ui/Chart";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, duration } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { timeAxes, timeText } from "@/ui/timeAxis";

type Points = Schemas["ScatterPoints"];

const NS_PER_S = 1e9;
const REACH_PX = 14;
const MINUTE_MS = 60_000;
const LEAST_ROOM_S = 1;
/** A logarithmic axis has no zero. */
const LEAST_MS = 0.001;

interface Props {
  asked: Asked;
  isLive: boolean;
  /** It may ask the server now: the table was first. */
  isWanted: boolean;
  onOpen: (traceId: string) => void;
}

/** Each trace a dot, slow ones on top: a click opens it. */
export function ScatterChart({ asked, isLive, isWanted, onOpen }: Props) {
  const { data, error, refetch } = useQuery({
    queryKey: ["trace-scatter", { ...asked, order_by: undefined }],
    queryFn: ({ signal }) => {
      const query = { ...queryOf(asked), order_by: undefined };
      return answer(api.GET("/v1/traces/scatter", { params: { query }, signal }));
    },
    enabled: isWanted,
    refetchInterval: isLive ? 10_000 : false,
  });
  const [hovered, setHovered] = useState<number | null>(null);
  const points = data?.points;
  const columns = useMemo(() => points && columnsOf(points), [points]);
  const latest = useRef({ points, onOpen });
  latest.current = { points, onOpen };
  const options = useCallback((color: (variable: string) => string) => {
    const open = (index: number) => {
      const traceId = latest.current.points?.trace_id[index];
      if (traceId !== undefined) latest.current.onOpen(traceId);
    };
    return optionsOf(color, setHovered, open);
  }, []);
  return (
    <section className={`card ${styles.chart}`} aria-label="Latency of single traces">
      <div className={styles.head}>
        <h2>{hovered === null || !points ? "Latency, click to open" : pointText(points, hovered)}</h2>
        <div className={styles.legend}>
          <span>ok</span>
          <span className={styles.error}>error</span>
        </div>
      </div>
      <div className={`${styles.place} ${styles.points}`}>
        {error !== null ? (
          <ErrorBox error={error} onRetry={() => void refetch()} />
        ) : !data || !columns ? (
          <Loading heightPx={CHART_PX} />
        ) : data.trace_count === 0 ? (
          <div className={styles.nothing}>No traces</div>
        ) : (
          <Chart
            label={`Latencies of ${count(data.points.trace_id.length)} of ${count(data.trace_count)} traces; sort the table by latency to read them`}
            data={columns}
            options={options}
            heightPx={CHART_PX}
          />
        )}
      </div>
    </section>
  );
}

function columnsOf({ start_time_unix_ns, latency_ms, error }: Points): uPlot.AlignedData {
  const of = (wanted: boolean) =>
    latency_ms.map((ms, index) => (error[index] === wanted ? Math.max(LEAST_MS, ms) : null));
  return [start_time_unix_ns.map((ns) => ns / NS_PER_S), of(false), of(true)];
}

function pointText(points: Points, index: number): string {
  const start = points.start_time_unix_ns[index];
  if (start === undefined) return "";
  const end = points.error[index] ? ", error" : "";
  return `${timeText(start / NS_PER_S)}: ${duration(points.latency_ms[index])}${end}`;
}

/** Where the logarithmic axis has lines. */
function powersOfTen(_: uPlot, __: number, low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low));
  const last = Math.floor(Math.log10(high));
  return Array.from({ length: Math.max(0, last - first + 1) }, (___, index) => 10 ** (first + index));
}

/** The whole of a unit; nothing for a line that is not labelled. */
function powerText(ms: number | null): string {
  if (ms === null) return "";
  return ms >= MINUTE_MS ? `${count(ms / 1_000)} s` : duration(ms);
}

/** Room around the dots, also around a lone one. */
function roomy({ data: [starts] }: uPlot): [number, number] {
  const [low, high] = [starts[0] ?? 0, starts.at(-1) ?? 0];
  const room = Math.max(LEAST_ROOM_S, (high - low) * 0.02);
  return [low - room, high + room];
}

/** The dot that is nearest to the pointer, and within its reach. */
function nearest(u: uPlot): number | null {
  const { left = -1, top = -1 } = u.cursor;
  if (left < 0) return null;
  const [starts, ...series] = u.data;
  let [found, best]: [number | null, number] = [null, REACH_PX ** 2];
  for (let index = u.valToIdx(u.posToVal(left - REACH_PX, "x")); index < starts.length; index += 1) {
    const x = u.valToPos(starts[index] ?? 0, "x");
    if (x > left + REACH_PX) break;
    const value = series.map((column) => column[index]).find((one) => one != null);
    if (value == null) continue;
    const distance = (x - left) ** 2 + (u.valToPos(value, "ms") - top) ** 2;
    if (distance < best) [found, best] = [index, distance];
  }
  return found;
}

function optionsOf(
  color: (variable: string) => string,
  onHover: (index: number | null) => void,
  onOpen: (index: number) => void,
): Omit<uPlot.Options, "width" | "height"> {
  const [x, y] = timeAxes(color, duration);
  const dots = (variable: string): uPlot.Series => ({
    scale: "ms",
    paths: () => null,
    points: { show: true, size: 5, width: 0, fill: color(variable) },
  });
  return {
    legend: { show: false },
    padding: [8, 8, 0, 0],
    scales: { x: { time: true, range: roomy }, ms: { distr: 3, log: 10 } },
    axes: [
      x,
      {
        ...y,
        scale: "ms",
        splits: powersOfTen,
        values: (_, splits) => splits.map(powerText),
      },
    ],
    series: [{}, dots("--series-1"), dots("--error")],
    cursor: { drag: { x: false, y: false }, points: { show: false }, x: false, y: false },
    hooks: {
      setCursor: [
        (u) => {
          const found = nearest(u);
          u.over.style.cursor = found === null ? "default" : "pointer";
          onHover(found);
        },
      ],
      ready: [
        (u) =>
          u.over.addEventListener("click", () => {
            const found = nearest(u);
            if (found !== null) onOpen(found);
          }),
      ],
    },
  };
}
