import { useMemo } from "react";
import { NamedModel } from "@/pages/evaluations/NamedModel";
import type { Shown } from "@/pages/evaluations/Results";
import { figuresOf, type Metric, type Row } from "@/pages/evaluations/rows";
import { Scroll } from "@/pages/evaluations/Scroll";
import { count, percent, score } from "@/ui/format";

function Cell({ metric, rows }: { metric: Metric; rows: readonly Row[] }) {
  const figures = figuresOf(rows.map((row) => row.scores[metric.name]));
  const top = figures.labels
    .slice(0, 2)
    .map(([label, times]) => `${label} ${percent(times / figures.count)}`);
  return (
    <td className="number">
      {figures.mean === null ? top.join(", ") || "–" : score(figures.mean)}
      <br />
      <span className="muted">
        {count(figures.count)} scores{figures.failed > 0 && `, ${count(figures.failed)} failed`}
      </span>
    </td>
  );
}

function byModel(rows: readonly Row[]): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const those = found.get(row.modelId);
    if (those === undefined) found.set(row.modelId, [row]);
    else those.push(row);
  }
  return found;
}

/** Each metric's mean, or most frequent labels, version by version. */
export function VersionsTab({ subject, rows, metrics, onSearch }: Shown) {
  const byVersion = useMemo(() => byModel(rows), [rows]);
  const versions = [...byVersion].toSorted((a, b) => b[1].length - a[1].length);
  const [first, second] = subject.modelIds;
  return (
    <div className="stack">
      <Scroll label="Versions">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col" className="number">
                Rows
              </th>
              {metrics.map(({ name }) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
              <th scope="col">
                <span className="visually-hidden">Rows of the version</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {versions.map(([modelId, those]) => (
              <tr key={modelId}>
                <td>
                  <NamedModel modelId={modelId} />
                </td>
                <td className="number">{count(those.length)}</td>
                {metrics.map((metric) => (
                  <Cell key={metric.name} metric={metric} rows={those} />
                ))}
                <td className="number">
                  <button
                    type="button"
                    className="button small"
                    onClick={() => onSearch({ model_id: modelId, tab: "rows" })}
                  >
                    Its rows
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p className="muted">
        Two means tell little by themselves.{" "}
        {first !== undefined && second !== undefined ? (
          <button
            type="button"
            className="button small"
            onClick={() => onSearch({ tab: "compare", other: undefined, mine: undefined })}
          >
            {versions.length > 2 ? "Compare the first two with intervals" : "Compare them with intervals"}
          </button>
        ) : (
          "Evaluate the versions by name, and they can be compared with intervals."
        )}
      </p>
    </div>
  );
}
