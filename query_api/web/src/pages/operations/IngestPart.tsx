import { useMemo } from "react";
import uPlot from "uplot";
import { Fact, Facts, Part } from "@/pages/operations/Facts";
import { type Ingest, lastHour, MINUTE_MS } from "@/pages/operations/ingest";
import { axes, Chart } from "@/ui/Chart";
import { count, duration, score, UNKNOWN } from "@/ui/format";
import { Time } from "@/ui/Time";
import { timeAxes } from "@/ui/timeAxis";

const CHART_PX = 200;
const BAR_WIDTH = 0.7;
const MINUTE_S = 60;

function options(color: (variable: string) => string): Omit<uPlot.Options, "width" | "height"> {
  const [time, spans] = timeAxes(color, count);
  const [, lag] = axes(color, duration);
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_, min, max) => [min - MINUTE_S, max + MINUTE_S] },
      spans: { range: [0, null] as unknown as uPlot.Range.MinMax },
      lag: {},
    },
    axes: [
      time,
      { ...spans, scale: "spans" },
      { ...lag, scale: "lag", side: 1, size: 84, grid: { show: false } },
    ],
    series: [
      {},
      {
        scale: "spans",
        fill: color("--series-1"),
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars?.({ size: [BAR_WIDTH] }),
      },
      { scale: "lag", stroke: color("--series-2"), width: 2, points: { show: true, size: 5 } },
    ],
  };
}

/** What came in in the last hour. */
export function IngestPart({ ingest, shownAtMs }: { ingest: Ingest; shownAtMs: number }) {
  const data = useMemo(() => lastHour(ingest, shownAtMs), [ingest, shownAtMs]);
  const [, spans, lags] = data;
  const hour = spans.reduce((sum, value) => sum + value, 0);
  const whole = spans.at(-2) ?? 0;
  const latest = ingest.buckets.at(-1);
  const late = latest === undefined ? UNKNOWN : duration(latest.lag_p95_ms);
  const label = `${count(hour)} spans arrived in the last hour; of those of the last minute with any, 95 % within ${late} after their end`;
  return (
    <Part
      title="What comes in"
      aside={
        <>
          <Swatch color="var(--series-1)" /> spans a minute <Swatch color="var(--series-2)" /> lag (p95)
        </>
      }
    >
      <Chart label={label} data={data} options={options} heightPx={CHART_PX} />
      <Facts>
        <Fact name="Rate" value={`${score(whole / MINUTE_S)} spans / s`}>
          In the last whole minute. Zero although the application runs: does it send to this collector?
        </Fact>
        <Fact name="In the last hour" value={`${count(hour)} spans`}>
          Without those that ended more than a day before they came in; what was sent twice counts twice.
        </Fact>
        <Fact name="Lag" value={late} isBad={(lags.findLast((lag) => lag !== null) ?? 0) > MINUTE_MS}>
          From the end of a span to its arrival; 95 % are faster. SDKs gather for about 5 s; below zero or far
          beyond, clocks differ.
        </Fact>
        <Fact
          name="Last arrival"
          value={
            ingest.last_received_time === null ? (
              "never"
            ) : (
              <Time time={ingest.last_received_time} form="ago" />
            )
          }
        >
          When the newest span reached the collector.
        </Fact>
      </Facts>
    </Part>
  );
}

function Swatch({ color }: { color: string }) {
  return (
    <svg width="10" height="10" aria-hidden="true">
      <rect width="10" height="10" rx="2" fill={color} />
    </svg>
  );
}
