import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { answer, api } from "@/api/client";
import { ChosenMetrics } from "@/pages/evaluations/ChosenMetrics";
import { requestOf } from "@/pages/evaluations/commands";
import { type Catalogue, evaluationOf, type Faults, monitorOf, refusalOf } from "@/pages/evaluations/form";
import { LimitsForm, MappingForm } from "@/pages/evaluations/LimitsForm";
import { MetricChooser } from "@/pages/evaluations/MetricChooser";
import styles from "@/pages/evaluations/NewEvaluation.module.css";
import type { ChosenMetric, NewSearch } from "@/pages/evaluations/newSearch";
import { SelectionForm } from "@/pages/evaluations/SelectionForm";
import { Commands, Estimate, useEstimate } from "@/pages/evaluations/Summary";
import { said } from "@/pages/evaluations/search";
import { CopyButton } from "@/ui/CopyButton";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { Page } from "@/ui/Page";
import { Tabs } from "@/ui/Tabs";

const route = getRouteApi("/evaluations/new");
const KEEP_MS = 400;

/** What each part of the form needs. */
export interface FormProps {
  form: NewSearch;
  faults: Faults;
  onChange: (members: Partial<NewSearch>) => void;
}

/** The form. The address follows it: a reload, or whoever gets the address, finds the same. */
function useForm() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const [form, setForm] = useState(search);
  useEffect(() => {
    const timer = setTimeout(
      () => void navigate({ to: "/evaluations/new", search: said(form), replace: true, resetScroll: false }),
      KEEP_MS,
    );
    return () => clearTimeout(timer);
  }, [form, navigate]);
  return { form, onChange: (members: Partial<NewSearch>) => setForm((so) => ({ ...so, ...members })) };
}

/** Starts what the form says, and goes there. */
function useStart(form: NewSearch, catalogue: Catalogue) {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      if (form.kind === "monitor") {
        await answer(api.POST("/v1/monitors", { body: monitorOf(form, catalogue).body }));
        return null;
      }
      const made = await answer(api.POST("/v1/evaluations", { body: evaluationOf(form, catalogue).body }));
      return made.evaluation_id;
    },
    onSuccess: async (evaluationId) => {
      await queryClient.invalidateQueries({ queryKey: [evaluationId === null ? "monitors" : "evaluations"] });
      if (evaluationId === null) await navigate({ to: "/evaluations", search: { tab: "monitors" } });
      else await navigate({ to: "/evaluations/$evaluationId", params: { evaluationId } });
    },
  });
}

interface SummaryProps {
  form: NewSearch;
  catalogue: Catalogue;
  estimated: ReturnType<typeof useEstimate>;
  hasFaults: boolean;
  start: ReturnType<typeof useStart>;
}

function Summary({ form, catalogue, estimated, hasFaults, start }: SummaryProps) {
  const isMonitor = form.kind === "monitor";
  const { body } = evaluationOf(form, catalogue);
  const hasMetrics = (form.metrics ?? []).length > 0;
  const error = start.error ?? estimated.error;
  return (
    <aside className={`card ${styles.summary}`} aria-label="Before it starts">
      <h2>{isMonitor ? "From now on" : "Before it starts"}</h2>
      {isMonitor ? (
        <p className={styles.hint}>
          It scores traces as they come in, each once, half a minute after they started. A monitor of the same
          name is configured anew.
        </p>
      ) : (
        <Estimate form={form} body={hasMetrics ? body : null} estimated={estimated} />
      )}
      <button
        type="button"
        className="button primary"
        disabled={!hasMetrics || hasFaults || start.isPending}
        onClick={() => start.mutate()}
      >
        {isMonitor ? "Start the monitor" : "Start the evaluation"}
      </button>
      {!hasMetrics && <p className={styles.hint}>Choose at least one metric.</p>}
      {hasMetrics && hasFaults && <p className={styles.fault}>A field needs another value: see there.</p>}
      {error !== null && refusalOf(error) === null && <ErrorBox error={error} />}
      {hasMetrics && !isMonitor && <Commands body={body} />}
      {hasMetrics && isMonitor && (
        <CopyButton
          label="Copy as curl"
          text={() => requestOf(monitorOf(form, catalogue).body, window.location.origin)}
        />
      )}
    </aside>
  );
}

function Form({ catalogue }: { catalogue: Catalogue }) {
  const { form, onChange } = useForm();
  const isMonitor = form.kind === "monitor";
  const start = useStart(form, catalogue);
  const read = isMonitor ? monitorOf(form, catalogue) : evaluationOf(form, catalogue);
  const hasFaults = Object.keys(read.faults).length > 0;
  const chosen = form.metrics ?? [];
  const isReckoned = !isMonitor && chosen.length > 0 && !hasFaults;
  const estimated = useEstimate(isReckoned ? evaluationOf(form, catalogue).body : null);
  const faults: Faults = { ...refusalOf(start.error ?? estimated.error), ...read.faults };
  const change = (members: Partial<NewSearch>) => {
    if (start.error !== null) start.reset();
    onChange(members);
  };
  const choose = (metrics: ChosenMetric[]) => change({ metrics: metrics.length > 0 ? metrics : undefined });
  const parts: FormProps = { form, faults, onChange: change };
  return (
    <Tabs
      label="What to start"
      tabs={[
        ["once", "Score recorded traces once"],
        ["monitor", "Monitor new traces as they come"],
      ]}
      chosen={isMonitor ? "monitor" : "once"}
      onChoose={(kind) => change({ kind: kind === "monitor" ? kind : undefined })}
    >
      <div className={styles.page}>
        <div className="stack">
          <SelectionForm {...parts} />
          <section className="card stack" aria-label="Metrics">
            <h2>Metrics</h2>
            <ChosenMetrics chosen={chosen} catalogue={catalogue} faults={faults} onChange={choose} />
            <MetricChooser
              catalogue={catalogue}
              chosen={new Set(chosen.map(({ name }) => name))}
              onChoose={(name) => choose([...chosen, { name, parameters: {} }])}
            />
          </section>
          <MappingForm {...parts} catalogue={catalogue} />
          <LimitsForm {...parts} />
        </div>
        <Summary
          form={form}
          catalogue={catalogue}
          estimated={estimated}
          hasFaults={hasFaults}
          start={start}
        />
      </div>
    </Tabs>
  );
}

export default function NewEvaluationPage() {
  const catalogue = useQuery({
    queryKey: ["metrics"],
    queryFn: ({ signal }) => answer(api.GET("/v1/metrics", { signal })),
    staleTime: Number.POSITIVE_INFINITY, // it changes with the server's version only
  });
  return (
    <Page title="New evaluation">
      {catalogue.error !== null && (
        <ErrorBox error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      )}
      {catalogue.isPending && <Loading heightPx={600} />}
      {catalogue.data && <Form catalogue={catalogue.data.metrics} />}
    </Page>
  );
}
