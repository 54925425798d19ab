import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { answer, api } from "@/api/client";
import { Actions } from "@/pages/evaluations/Actions";
import { ProgressCard } from "@/pages/evaluations/ProgressCard";
import { Results } from "@/pages/evaluations/Results";
import { titleOf } from "@/pages/evaluations/rows";
import { isRunning, useEvaluation } from "@/pages/evaluations/useEvaluation";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { Page } from "@/ui/Page";
import { Status } from "@/ui/Status";

const route = getRouteApi("/evaluations/$evaluationId");
const REFRESH_MS = 5_000;

/** The scores of a monitor are looked at as those of an evaluation that never ends. */
function MonitorResults({ monitorId }: { monitorId: string }) {
  const found = useQuery({
    queryKey: ["monitors", monitorId],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/monitors/{monitor_id}", { params: { path: { monitor_id: monitorId } }, signal })),
    refetchInterval: REFRESH_MS,
  });
  const monitor = found.data;
  return (
    <Page
      title={monitor?.name ?? "Monitor"}
      actions={
        <>
          {monitor && <Status status={monitor.status} />}
          <Link to="/evaluations" search={{ tab: "monitors" }} className="button">
            All monitors
          </Link>
        </>
      }
    >
      {found.error !== null && <ErrorBox error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Loading heightPx={400} />}
      {monitor && (
        <Results
          subject={{
            id: monitorId,
            isMonitor: true,
            name: monitor.name,
            described: monitor.metrics,
            aggregates: {},
            selection: monitor.selection,
            options: monitor.options,
            unmapped: {},
            modelIds: [],
            source: "traces",
            isGrowing: monitor.status !== "PAUSED",
          }}
        />
      )}
    </Page>
  );
}

function EvaluationResults({ evaluationId }: { evaluationId: string }) {
  const watched = useEvaluation(evaluationId);
  const { evaluation, error } = watched;
  return (
    <Page
      title={evaluation === undefined ? "Evaluation" : titleOf(evaluation)}
      actions={
        evaluation && (
          <>
            <Status status={evaluation.status} />
            <Actions evaluation={evaluation} />
          </>
        )
      }
    >
      {error !== null && evaluation === undefined && <ErrorBox error={error} onRetry={watched.retry} />}
      {evaluation === undefined && error === null && <Loading heightPx={400} />}
      {evaluation && (
        <>
          <ProgressCard evaluation={evaluation} marks={watched.marks} />
          <Results
            subject={{
              id: evaluationId,
              isMonitor: false,
              name: evaluation.name,
              described: evaluation.metrics,
              aggregates: evaluation.aggregates,
              selection: evaluation.selection,
              options: evaluation.options,
              unmapped: evaluation.unmapped_reasons,
              modelIds: evaluation.model_ids,
              source: evaluation.source,
              isGrowing: isRunning(evaluation.status),
            }}
          />
        </>
      )}
    </Page>
  );
}

export default function EvaluationPage() {
  const { evaluationId } = route.useParams();
  return evaluationId.startsWith("mon-") ? (
    <MonitorResults key={evaluationId} monitorId={evaluationId} />
  ) : (
    <EvaluationResults key={evaluationId} evaluationId={evaluationId} />
  );
}
