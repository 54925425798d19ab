import { periodOf } from "@/api/period";
import styles from "@/pages/compare/Compare.module.css";
import { modelsOf } from "@/pages/compare/queries";
import { CONFIDENCES, type Search, USUAL_CONFIDENCE } from "@/pages/compare/search";
import type { Comparison } from "@/pages/compare/verdict";
import { MAX_CHOSEN } from "@/pages/models/search";
import { FilterBox } from "@/ui/FilterBox";
import { percent } from "@/ui/format";
import { ModelPicker } from "@/ui/ModelPicker";
import { shortId } from "@/ui/models";

interface Props {
  search: Search;
  comparison: Comparison | undefined;
  onChange: (search: Search) => void;
}

/** Without the members that are to be left out. */
export function without<Key extends keyof Search>(search: Search, ...keys: Key[]): Omit<Search, Key> {
  const left = { ...search };
  for (const key of keys) delete left[key];
  return left;
}

/** Which versions, which of them is the baseline, which traces, and how sure. */
export function Controls({ search, comparison, onChange }: Props) {
  const models = modelsOf(search);
  const named = comparison?.models ?? [];
  const nameOf = (reference: string) => {
    const known = named.find(({ model_id, name }) => model_id === reference || name === reference);
    return known === undefined ? shortId(reference) : `${known.name} ${shortId(known.model_id)}`;
  };
  const choose = (chosen: string[]) => {
    const gone = (one: string | undefined) => one !== undefined && !chosen.includes(one);
    const rest = without(
      search,
      "models",
      ...(gone(search.baseline) ? (["baseline"] as const) : []),
      ...(gone(search.against) ? (["against"] as const) : []),
    );
    onChange({ ...rest, ...(chosen.length > 0 && { models: chosen.join(",") }) });
  };
  return (
    <div className={styles.controls}>
      <div className="row">
        <ModelPicker value={models} onChange={choose} max={MAX_CHOSEN} label="Versions to compare" />
        {models.length > 1 && (
          <label className="row">
            <span className="muted">Baseline</span>
            <select
              className="field"
              value={search.baseline ?? models[0]}
              onChange={({ target }) => onChange({ ...search, baseline: target.value })}
            >
              {models.map((model) => (
                <option key={model} value={model}>
                  {nameOf(model)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="row">
          <span className="muted">Intervals</span>
          <select
            className="field"
            value={search.confidence ?? USUAL_CONFIDENCE}
            onChange={({ target }) => {
              const confidence = Number(target.value);
              onChange({
                ...without(search, "confidence"),
                ...(confidence !== USUAL_CONFIDENCE && { confidence }),
              });
            }}
          >
            {CONFIDENCES.map((confidence) => (
              <option key={confidence} value={confidence}>
                {percent(confidence)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div>
        <FilterBox
          value={search.filter ?? ""}
          onSubmit={(filter) => onChange({ ...without(search, "filter"), ...(filter && { filter }) })}
          period={periodOf({ ...search })}
          label="Only traces that meet this condition"
        />
      </div>
    </div>
  );
}
