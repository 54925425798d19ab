import { getRouteApi, Link } from "@tanstack/react-router";
import { periodOf } from "@/api/period";
import { ChangedRows } from "@/pages/compare/ChangedRows";
import styles from "@/pages/compare/Compare.module.css";
import { Controls, without } from "@/pages/compare/Controls";
import { Differences } from "@/pages/compare/Differences";
import { Distribution } from "@/pages/compare/Distribution";
import { Metrics, TrafficTable } from "@/pages/compare/Metrics";
import { PromptDiff } from "@/pages/compare/PromptDiff";
import { modelsOf, useComparison, useDirections } from "@/pages/compare/queries";
import type { Search } from "@/pages/compare/search";
import { type Compared, type Comparison, commandOf } from "@/pages/compare/verdict";
import { CopyButton } from "@/ui/CopyButton";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { shortId } from "@/ui/models";
import { Page } from "@/ui/Page";
import { PeriodPicker } from "@/ui/PeriodPicker";

const route = getRouteApi("/compare");

/** The baseline, and the version beside it: the one that the address names, else the last. */
function sidesOf(comparison: Comparison, wanted: string | undefined): [Compared, Compared] | null {
  const baseline = comparison.models.find(({ model_id }) => model_id === comparison.baseline);
  const others = comparison.models.filter((model) => model !== baseline);
  const against =
    others.find(({ model_id, name }) => model_id === wanted || name === wanted) ?? others.at(-1);
  return baseline && against ? [baseline, against] : null;
}

function Against(props: { comparison: Comparison; against: Compared; onChange: (modelId: string) => void }) {
  const others = props.comparison.models.filter(({ model_id }) => model_id !== props.comparison.baseline);
  if (others.length < 2) return null;
  return (
    <label className="row">
      <span className="muted">Beside the baseline</span>
      <select
        className="field"
        value={props.against.model_id}
        onChange={({ target }) => props.onChange(target.value)}
      >
        {others.map(({ model_id, name }) => (
          <option key={model_id} value={model_id}>
            {name} {shortId(model_id)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface FoundProps {
  comparison: Comparison;
  search: Search;
  onChange: (search: Search) => void;
}

function Found({ comparison, search, onChange }: FoundProps) {
  const period = periodOf({ ...search });
  const scores = useDirections(
    comparison.models.map(({ model_id }) => model_id),
    period,
  );
  const sides = sidesOf(comparison, search.against);
  if (comparison.models.every(({ trace_count }) => trace_count === 0))
    return (
      <Empty title="No traffic to compare">
        <p>None of these versions has a trace in the period that meets the condition.</p>
        {(period.since ?? period.start ?? period.end ?? search.filter) !== undefined && (
          <button
            type="button"
            className="button"
            onClick={() => onChange(without(search, "since", "start", "end", "filter"))}
          >
            Look at all traffic
          </button>
        )}
      </Empty>
    );
  return (
    <>
      <Metrics comparison={comparison} scores={scores} />
      <div className={styles.halves}>
        <section className="card stack" aria-label="Latency">
          <h2>Latency</h2>
          <Distribution models={comparison.models} period={period} filter={search.filter} />
        </section>
        <section className="card stack" aria-label="Traffic">
          <h2>Traffic</h2>
          <TrafficTable comparison={comparison} />
        </section>
      </div>
      {sides && (
        <>
          <section className="card stack" aria-label="What differs">
            <div className="row spread">
              <h2>What differs</h2>
              <Against
                comparison={comparison}
                against={sides[1]}
                onChange={(against) => onChange({ ...search, against })}
              />
            </div>
            <Differences comparison={comparison} baseline={sides[0]} against={sides[1]} />
            <PromptDiff baseline={sides[0]} against={sides[1]} period={period} />
          </section>
          <ChangedRows
            baseline={sides[0]}
            against={sides[1]}
            confidence={search.confidence}
            metric={search.metric}
            onMetric={(metric) => onChange({ ...search, metric })}
          />
        </>
      )}
    </>
  );
}

export default function ComparePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (to: Search) => navigate({ search: to, replace: true, resetScroll: false });
  const models = modelsOf(search);
  const { data, error, isPending, refetch } = useComparison(search);
  const comparison = models.length > 1 && !error ? data : undefined;
  return (
    <Page
      title="Compare"
      actions={
        <>
          <PeriodPicker
            period={periodOf({ ...search })}
            onChange={(to) => change({ ...without(search, "since", "start", "end"), ...to })}
          />
          {comparison && (
            <>
              <CopyButton text={() => JSON.stringify(comparison, null, 2)} label="Copy as JSON" />
              <CopyButton text={() => commandOf({ ...search, models })} label="Copy command" />
            </>
          )}
        </>
      }
    >
      <Controls search={search} comparison={data} onChange={change} />
      {models.length < 2 && (
        <Empty title="Choose two versions to compare">
          <p>
            Name them above, or mark them in the list of versions. The first is the baseline, unless you
            choose another.
          </p>
          <Link to="/models" className="button">
            List of versions
          </Link>
        </Empty>
      )}
      {error && <ErrorBox error={error} onRetry={() => void refetch()} />}
      {models.length > 1 && isPending && <Loading heightPx={500} />}
      {comparison && <Found comparison={comparison} search={search} onChange={change} />}
    </Page>
  );
}
