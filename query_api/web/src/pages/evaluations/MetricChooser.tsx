import { useState } from "react";
import type { Schemas } from "@/api/client";
import type { Catalogue } from "@/pages/evaluations/form";
import { Marked } from "@/pages/evaluations/Marked";
import styles from "@/pages/evaluations/NewEvaluation.module.css";

type Description = Schemas["MetricDescription"];

/** Kinds as people look for them. Classification and regression look at all rows together: not at traces. */
const KINDS: readonly (readonly [Description["kind"], string])[] = [
  ["judge", "Judges: a language model reads each answer"],
  ["text", "Text, by rules or against a reference answer"],
  ["structure", "Structure"],
  ["recorded", "What the traces tell"],
  ["retrieval", "Retrieval"],
  ["safety", "Safety"],
  ["embedding", "Meaning, by a model on the server"],
];
const OF_ALL_ROWS = /^corpus_/;

/** What a search means: the words that a metric has to have somewhere. */
export function found(catalogue: Catalogue, typed: string): Description[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return catalogue.filter((one) => {
    const text = [one.name, one.description, one.kind, ...one.needs].join(" ").toLowerCase();
    return !OF_ALL_ROWS.test(one.name) && words.every((word) => text.includes(word));
  });
}

function Offer({
  metric,
  isChosen,
  onChoose,
}: {
  metric: Description;
  isChosen: boolean;
  onChoose: () => void;
}) {
  return (
    <li className={styles.offer}>
      <button
        type="button"
        className="button small"
        disabled={metric.unavailable !== null}
        aria-pressed={isChosen}
        onClick={onChoose}
      >
        {metric.name}
      </button>
      <span>
        <Marked text={metric.description} />{" "}
        <span className="muted">
          Needs {metric.needs.join(", ")}
          {metric.is_paid && "; costs calls"}
        </span>
        {metric.unavailable !== null && <span className={styles.unavailable}>{metric.unavailable}</span>}
      </span>
    </li>
  );
}

interface Props {
  catalogue: Catalogue;
  chosen: ReadonlySet<string>;
  onChoose: (name: string) => void;
}

/** The metrics that there are, by kind. One may be chosen several times, with other parameters. */
export function MetricChooser({ catalogue, chosen, onChoose }: Props) {
  const [typed, setTyped] = useState("");
  const shown = found(catalogue, typed);
  return (
    <div className="stack">
      <input
        className="field"
        type="search"
        aria-label="Search metrics"
        placeholder="Search metrics: polite, regex, tokens…"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className={styles.catalogue} aria-label="Metrics to choose" tabIndex={0}>
        {KINDS.map(([kind, name]) => {
          const those = shown.filter((one) => one.kind === kind);
          return those.length === 0 ? null : (
            <div key={kind}>
              <h3>{name}</h3>
              <ul>
                {those.map((metric) => (
                  <Offer
                    key={metric.name}
                    metric={metric}
                    isChosen={chosen.has(metric.name)}
                    onChoose={() => onChoose(metric.name)}
                  />
                ))}
              </ul>
            </div>
          );
        })}
        {shown.length === 0 && <p className="muted">No metric has these words.</p>}
      </section>
    </div>
  );
}
