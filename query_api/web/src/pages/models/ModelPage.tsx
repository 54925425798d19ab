import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api } from "@/api/client";
import { periodOf } from "@/api/period";
import { ProblemError } from "@/api/problem";
import { Artifacts } from "@/pages/models/Artifacts";
import { GitCard } from "@/pages/models/GitCard";
import { gitOf } from "@/pages/models/git";
import { History, useModelState } from "@/pages/models/History";
import type { State } from "@/pages/models/history";
import styles from "@/pages/models/Model.module.css";
import { ModelEvaluations } from "@/pages/models/ModelEvaluations";
import type { Search } from "@/pages/models/modelSearch";
import { PromptsUsed } from "@/pages/models/PromptsUsed";
import { trendsQuery } from "@/pages/models/queries";
import { Traffic } from "@/pages/models/Traffic";
import { CopyButton } from "@/ui/CopyButton";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { Page } from "@/ui/Page";
import { PeriodPicker } from "@/ui/PeriodPicker";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";

const route = getRouteApi("/models/$modelId");

/** The version before this one: of the same application, or, where it has no traffic, of the same experiment. */
function usePrevious(model: State | undefined): string | null {
  const modelId = model?.model_id ?? "";
  const own = useQuery({ ...trendsQuery([modelId], {}, 1), enabled: model !== undefined });
  const service = own.data?.models[0]?.service_name ?? "";
  const found = useQuery({
    queryKey: ["model", modelId, "previous", service],
    queryFn: async ({ signal }) => {
      if (service !== "") {
        const query = { service_name: service, buckets: 1, limit: 100 };
        const { models } = await answer(api.GET("/v1/models/trends", { params: { query }, signal }));
        const at = models.findIndex(({ model_id }) => model_id === modelId);
        return at === -1 ? null : (models[at + 1]?.model_id ?? null);
      }
      const query = {
        experiment_id: [model?.experiment_id ?? "0"],
        filter: `creation_timestamp < ${model?.creation_timestamp ?? 0}`,
        limit: 1,
      };
      const { models } = await answer(api.GET("/v1/models", { params: { query }, signal }));
      return models[0]?.model_id ?? null;
    },
    enabled: own.data !== undefined,
  });
  return found.data ?? null;
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card stack" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function About({ model }: { model: State }) {
  return (
    <div className={styles.under}>
      <Status status={model.status} />
      {model.deleted && <Status status="DELETED" />}
      <span>
        created <Time time={model.creation_time} form="ago" />
      </span>
      {model.model_type !== null && <span>{model.model_type}</span>}
      <code>{model.model_id}</code>
      <CopyButton text={model.model_id} label="Copy ID" />
      {model.status_message !== null && <span>{model.status_message}</span>}
    </div>
  );
}

function Links({ modelId, search, previous }: { modelId: string; search: Search; previous: string | null }) {
  const period = periodOf({ ...search });
  return (
    <>
      <Link to="/traces" search={{ ...period, model_id: modelId }} className="button">
        Traces
      </Link>
      <Link
        to="/traces"
        search={{ ...period, model_id: modelId, filter: "status = 'ERROR'" }}
        className="button"
      >
        Errors
      </Link>
      <Link
        to="/traces"
        search={{ ...period, model_id: modelId, order_by: "latency_ms DESC" }}
        className="button"
      >
        Slowest
      </Link>
      {previous !== null && (
        <Link
          to="/compare"
          search={{ ...period, models: `${previous},${modelId}`, baseline: previous }}
          className="button"
        >
          Compare with the one before
        </Link>
      )}
      <Link to="/evaluations/new" search={{ model_id: [modelId] }} className="button primary">
        Evaluate
      </Link>
    </>
  );
}

export default function ModelPage() {
  const { modelId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { as_of: asOf, file, ...period } = search;
  const change = (to: Search) => navigate({ search: to, replace: true, resetScroll: false });
  const now = useModelState(modelId, undefined);
  const previous = usePrevious(now.data);
  const git = now.data === undefined ? null : gitOf(now.data.tags);

  if (now.error instanceof ProblemError && now.error.status === 404)
    return (
      <Page title="Model">
        <Empty title="There is no such version">
          <p>
            Nothing is known of <code>{modelId}</code>.
          </p>
          <Link to="/models" className="button">
            Look at the versions there are
          </Link>
        </Empty>
      </Page>
    );
  return (
    <Page
      title={now.data?.name ?? "Model"}
      actions={
        <>
          <PeriodPicker
            period={period}
            onChange={(to) => change({ ...to, ...(asOf && { as_of: asOf }), ...(file && { file }) })}
          />
          <Links modelId={modelId} search={search} previous={previous} />
        </>
      }
    >
      {now.error && <ErrorBox error={now.error} onRetry={() => void now.refetch()} />}
      {now.isPending && <Loading heightPx={500} />}
      {now.data && (
        <>
          <About model={now.data} />
          <Card title="Traffic">
            <Traffic modelId={modelId} period={period} />
          </Card>
          <Card title="State and history">
            <History
              modelId={modelId}
              asOf={asOf}
              onAsOf={(to) => change({ ...period, ...(file && { file }), ...(to && { as_of: to }) })}
            />
          </Card>
          <div className={styles.halves}>
            {git !== null && (
              <Card title="Git">
                <GitCard git={git} />
              </Card>
            )}
            <Card title="Evaluations">
              <ModelEvaluations modelId={modelId} />
            </Card>
            <Card title="Prompts">
              <PromptsUsed modelId={modelId} period={period} />
            </Card>
            <Card title="Files">
              <Artifacts
                modelId={modelId}
                file={file}
                onFile={(to) => change({ ...period, ...(asOf && { as_of: asOf }), ...(to && { file: to }) })}
              />
            </Card>
          </div>
        </>
      )}
    </Page>
  );
}
