import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type uPlot from "uplot";
import { answer, api } from "@/api/client";
import { boundsOf, type Period } from "@/api/period";
import styles from "@/pages/compare/Compare.module.css";
import { distributionOf, gridOf, sharesAt } from "@/pages/compare/ecdf";
import { colorOf } from "@/pages/compare/queries";
import type { Compared } from "@/pages/compare/verdict";
import { axes, Chart } from "@/ui/Chart";
import { ErrorBox } from "@/ui/ErrorBox";
import { duration, percent } from "@/ui/format";
import { Loading } from "@/ui/Loading";

const POINTS = 2_000;
const PLACES = 240;
const HEIGHT_PX = 260;

interface Props {
  models: readonly Compared[];
  period: Period;
  filter: string | undefined;
}

function useDistributions({ models, period, filter }: Props) {
  return useQueries({
    queries: models.map(({ model_id }) => ({
      queryKey: ["compare", "latencies", model_id, period, filter],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        answer(
          api.GET("/v1/traces/scatter", {
            params: { query: { ...boundsOf(period), model_id, points: POINTS, ...(filter && { filter }) } },
            signal,
          }),
        ),
    })),
    combine: (found) => ({
      scatters: found.map(({ data }) => data),
      error: found.find(({ error }) => error !== null)?.error ?? null,
      isPending: found.some(({ isPending }) => isPending),
    }),
  });
}

/** Which share of a version's traces took at most how long: one curve a version, on a logarithmic axis. */
export function Distribution(props: Props) {
  const { scatters, error, isPending } = useDistributions(props);
  const data = useMemo(() => {
    const distributions = scatters.map((scatter) => (scatter === undefined ? [] : distributionOf(scatter)));
    const grid = gridOf(distributions, PLACES);
    return [
      grid,
      ...distributions.map((steps) => (steps.length === 0 ? grid.map(() => null) : sharesAt(steps, grid))),
    ] as uPlot.AlignedData;
  }, [scatters]);
  const drawn = props.models.length;
  const options = useCallback(
    (color: (variable: string) => string): Omit<uPlot.Options, "width" | "height"> => {
      const [x, y] = axes(color, percent);
      return {
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false, distr: 3 }, y: { range: [0, 1] } },
        axes: [
          {
            ...x,
            grid: { stroke: color("--border"), width: 1 },
            space: 70,
            // Of a logarithmic axis only the powers of ten, and twice and five times them, have room for a label.
            values: (_, splits) =>
              splits.map((ms: number | null) =>
                ms !== null && /^[125]/.test(ms.toExponential(0)) ? duration(Number(ms.toPrecision(1))) : "",
              ),
          },
          y ?? {},
        ],
        series: [
          {},
          ...Array.from({ length: drawn }, (_, index) => ({
            stroke: color(colorOf(index)),
            width: 2,
            points: { show: false },
          })),
        ],
      };
    },
    [drawn],
  );
  if (error) return <ErrorBox error={error} />;
  if (isPending) return <Loading heightPx={HEIGHT_PX} />;
  if ((data[0]?.length ?? 0) === 0) return <p className="muted">No trace to draw.</p>;
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.legend}>
        {props.models.map((model, index) => (
          <span key={model.model_id}>
            <span className={styles.swatch} style={{ background: `var(${colorOf(index)})` }} /> {model.name}
          </span>
        ))}
      </figcaption>
      <Chart
        label={`Distribution of the latency of ${props.models.map(({ name }) => name).join(", ")}`}
        data={data}
        options={options}
        heightPx={HEIGHT_PX}
      />
      <p className="muted">
        Share of traces that took at most so long; a curve further to the left is faster.
        {scatters.some((one) => (one?.trace_count ?? 0) > POINTS) &&
          " Drawn from an even sample and the slowest traces."}
      </p>
    </figure>
  );
}
