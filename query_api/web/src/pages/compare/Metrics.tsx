import styles from "@/pages/compare/Compare.module.css";
import { colorOf } from "@/pages/compare/queries";
import {
  type Comparison,
  type Directions,
  type Drawn,
  differenceText,
  drawnOf,
  estimateText,
  type Metric,
  nameOf,
  reachOf,
  summaryOf,
  verdictOf,
} from "@/pages/compare/verdict";
import { count, inUnit, percent } from "@/ui/format";
import { ModelLink } from "@/ui/ModelLink";
import { Status } from "@/ui/Status";

const WIDTH = 260;
const HEIGHT = 22;

/** A dot and whiskers on an axis whose middle is the baseline. */
function Whiskers({ drawn, reach, color }: { drawn: Drawn; reach: number; color: string }) {
  const x = (value: number) => WIDTH / 2 + (Math.max(-1, Math.min(1, value / reach)) * (WIDTH - 12)) / 2;
  const [from, to] = [drawn.lower ?? -reach, drawn.upper ?? reach];
  const middle = HEIGHT / 2;
  return (
    <svg width="100%" height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <line x1={WIDTH / 2} x2={WIDTH / 2} y1="0" y2={HEIGHT} stroke="var(--border-strong)" />
      <line
        x1={x(from)}
        x2={x(to)}
        y1={middle}
        y2={middle}
        stroke={`var(${color})`}
        strokeWidth="2"
        strokeDasharray={drawn.lower === null || drawn.upper === null ? "3 3" : undefined}
      />
      {[drawn.lower, drawn.upper].map(
        (end, index) =>
          end !== null && (
            <line
              key={index}
              x1={x(end)}
              x2={x(end)}
              y1={middle - 5}
              y2={middle + 5}
              stroke={`var(${color})`}
              strokeWidth="2"
            />
          ),
      )}
      <circle cx={x(drawn.value)} cy={middle} r="4.5" fill={`var(${color})`} />
    </svg>
  );
}

interface RowsProps {
  name: string;
  comparison: Comparison;
  scores: Directions;
}

/** One metric of all versions: the baseline's value first, each other's with its difference. */
function MetricRows({ name, comparison, scores }: RowsProps) {
  const found = comparison.models.map((model, index) => ({
    model,
    index,
    metric: model.metrics.find(({ metric }) => metric === name) ?? null,
  }));
  const reach = reachOf(found.map(({ metric }) => (metric === null ? null : drawnOf(metric))));
  const ordered = found.toSorted(
    (a, b) =>
      Number(b.model.model_id === comparison.baseline) - Number(a.model.model_id === comparison.baseline),
  );
  return ordered.map(({ model, index, metric }, position) => (
    <tr key={model.model_id} className={position === 0 ? styles.first : undefined}>
      {position === 0 && (
        <th scope="rowgroup" rowSpan={ordered.length}>
          {nameOf(name)}
        </th>
      )}
      <td className={styles.named}>
        <span className={styles.swatch} style={{ background: `var(${colorOf(index)})` }} /> {model.name}
      </td>
      <td className="number" title={metric === null ? undefined : estimateText(metric)}>
        {metric?.estimate ? inUnit(metric.estimate.value, metric.unit) : "–"}
      </td>
      {model.model_id === comparison.baseline ? (
        <td colSpan={3} className="muted">
          baseline{metric?.estimate && `, ${estimateText(metric)}`}
        </td>
      ) : (
        <Difference metric={metric} reach={reach} color={colorOf(index)} scores={scores} />
      )}
      <td className="number">{count(metric?.trace_count)}</td>
    </tr>
  ));
}

function Difference(props: { metric: Metric | null; reach: number; color: string; scores: Directions }) {
  const { metric, reach, color, scores } = props;
  const drawn = metric === null ? null : drawnOf(metric);
  if (metric === null || drawn === null)
    return (
      <td colSpan={3} className="muted">
        not measured in both
      </td>
    );
  return (
    <>
      <td className={styles.drawn}>
        <Whiskers drawn={drawn} reach={reach} color={color} />
      </td>
      <td className={styles.difference}>{differenceText(drawn, metric.unit)}</td>
      <td>
        <Status status={verdictOf(metric, scores)} />
      </td>
    </>
  );
}

/** In a sentence or two, what got better and what worse. */
function Summary({ comparison, scores }: { comparison: Comparison; scores: Directions }) {
  const baseline = comparison.models.find(({ model_id }) => model_id === comparison.baseline);
  return (
    <ul className={styles.summary}>
      {comparison.models
        .filter(({ model_id }) => model_id !== comparison.baseline)
        .map((model) => {
          const told = summaryOf(model, scores);
          return (
            <li key={model.model_id}>
              <strong>{model.name}</strong> against {baseline?.name}:{" "}
              {told.length === 0 && "no clear difference in any metric."}
              {told.map(({ word, metrics }) => (
                <span key={word} className={styles.told}>
                  <Status status={word} /> {metrics.join(", ")}
                </span>
              ))}
            </li>
          );
        })}
    </ul>
  );
}

/** Each metric of each version, its difference from the baseline, and what can be said of it. */
export function Metrics({ comparison, scores }: { comparison: Comparison; scores: Directions }) {
  const names = [...new Set(comparison.models.flatMap(({ metrics }) => metrics.map(({ metric }) => metric)))];
  return (
    <section className="card stack" aria-label="Metrics">
      <h2>Metrics</h2>
      <Summary comparison={comparison} scores={scores} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="scroll-x" tabIndex={0} aria-label="Metrics of all versions">
        <table className={`plain-table ${styles.metrics}`}>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">Version</th>
              <th scope="col" className="number">
                Value
              </th>
              <th scope="col" colSpan={2}>
                Difference from the baseline, {percent(comparison.confidence)} interval
              </th>
              <th scope="col">Verdict</th>
              <th scope="col" className="number">
                Traces
              </th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <MetricRows key={name} name={name} comparison={comparison} scores={scores} />
            ))}
          </tbody>
        </table>
      </section>
      <p className="muted">
        The middle of an axis is the baseline; a dashed line has no limit on a side. “No clear difference”:
        chance alone may explain it. Of 20 differences at 95 %, one is told from chance wrongly.
      </p>
    </section>
  );
}

/** The traffic that the comparison rests on. */
export function TrafficTable({ comparison }: { comparison: Comparison }) {
  return (
    <div className="scroll-x">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" className="number">
              Traces
            </th>
            <th scope="col" className="number">
              Looked at
            </th>
            <th scope="col" className="number">
              Total cost
            </th>
          </tr>
        </thead>
        <tbody>
          {comparison.models.map((model, index) => (
            <tr key={model.model_id}>
              <td>
                <span className={styles.swatch} style={{ background: `var(${colorOf(index)})` }} />{" "}
                <ModelLink modelId={model.model_id} name={model.name} />{" "}
                {model.model_id === comparison.baseline && <span className="muted">baseline</span>}
              </td>
              <td className="number">{count(model.trace_count)}</td>
              <td className="number">{model.sampled ? `${count(model.sample_count)} (a sample)` : "all"}</td>
              <td className="number">{inUnit(model.total_cost_usd, "usd")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
