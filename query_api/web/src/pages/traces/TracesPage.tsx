import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Period } from "@/api/period";
import { useShortcuts } from "@/app/shortcuts";
import { ChosenPeriod } from "@/pages/traces/ChosenPeriod";
import styles from "@/pages/traces/charts.module.css";
import { Facets } from "@/pages/traces/Facets";
import { HistogramChart } from "@/pages/traces/HistogramChart";
import { ScatterChart } from "@/pages/traces/ScatterChart";
import type { Search } from "@/pages/traces/search";
import { TraceResults } from "@/pages/traces/TraceResults";
import layout from "@/pages/traces/Traces.module.css";
import type { Asked } from "@/pages/traces/traceList";
import { useRows } from "@/pages/traces/useRows";
import { Views } from "@/pages/traces/Views";
import { FilterBox } from "@/ui/FilterBox";
import { ModelLink } from "@/ui/ModelLink";
import { Page } from "@/ui/Page";
import { PeriodPicker } from "@/ui/PeriodPicker";

const WIDE_PX = 900;

/** Finds traces: whatever is chosen stands in the address, and the filter's text has all conditions. */
export default function TracesPage() {
  const search = useSearch({ from: "/traces" });
  const navigate = useNavigate({ from: "/traces" });
  const input = useRef<HTMLInputElement>(null);
  const { filter, model_id, order_by, since, start, end } = search;
  const asked = useMemo<Asked>(
    () => ({ filter, model_id, order_by, since, start, end }),
    [filter, model_id, order_by, since, start, end],
  );
  const change = useCallback(
    (changes: Partial<Search>) => void navigate({ search: (before) => ({ ...before, ...changes }) }),
    [navigate],
  );
  const setFilter = useCallback((text: string) => change({ filter: text || undefined }), [change]);
  const setPeriod = useCallback(
    (period: Period) => change({ since: undefined, start: undefined, end: undefined, ...period }),
    [change],
  );
  const brush = (startS: number, endS: number) => {
    const time = (unixS: number) => new Date(unixS * 1_000).toISOString();
    change({ since: undefined, start: time(startS), end: time(endS), live: undefined });
  };
  const open = useCallback(
    (traceId: string) => void navigate({ to: "/traces/$traceId", params: { traceId }, search: asked }),
    [navigate, asked],
  );
  useShortcuts([{ keys: "/", label: "Search traces", run: () => input.current?.focus() }]);
  const isLive = search.live === true && end === undefined;
  const shown = useRows(asked, isLive);
  const hasCharts = search.charts !== false;
  return (
    <Page
      title="Traces"
      actions={
        <>
          <button
            type="button"
            className="button"
            aria-pressed={hasCharts}
            onClick={() => change({ charts: hasCharts ? false : undefined })}
          >
            Charts
          </button>
          <Views />
          <PeriodPicker period={asked} onChange={setPeriod} />
        </>
      }
    >
      <search className={layout.search}>
        {model_id !== undefined && (
          <span className={layout.version}>
            entered <ModelLink modelId={model_id} />
            <button
              type="button"
              className="button quiet small"
              onClick={() => change({ model_id: undefined })}
            >
              Any version
            </button>
          </span>
        )}
        <FilterBox
          value={filter ?? ""}
          onSubmit={setFilter}
          period={asked}
          label="Filter of traces"
          inputRef={input}
        />
      </search>
      {(start !== undefined || end !== undefined) && <ChosenPeriod period={asked} onChange={setPeriod} />}
      {hasCharts && (
        <div className={styles.charts}>
          <HistogramChart asked={asked} isWanted={shown.isAnswered} isLive={isLive} onBrush={brush} />
          <ScatterChart asked={asked} isWanted={shown.isAnswered} isLive={isLive} onOpen={open} />
        </div>
      )}
      <div className={layout.results}>
        <Side>
          <Facets asked={asked} isWanted={shown.isAnswered} onFilter={setFilter} />
        </Side>
        <TraceResults
          asked={asked}
          search={search}
          isLive={isLive}
          shown={shown}
          change={change}
          onOpen={open}
        />
      </div>
    </Page>
  );
}

/** The facets: at the side where there is room, else folded up above the table, and then only asked for if opened. */
function Side({ children }: { children: React.ReactNode }) {
  const [isOpen, setIsOpen] = useState(() => window.innerWidth > WIDE_PX);
  useEffect(() => {
    const media = window.matchMedia(`(min-width: ${WIDE_PX + 1}px)`);
    const follow = () => setIsOpen(media.matches);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, []);
  return (
    <details
      className={layout.side}
      open={isOpen}
      onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}
    >
      <summary>Narrow down</summary>
      {isOpen && children}
    </details>
  );
}
