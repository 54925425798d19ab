import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, api } from "@/api/client";
import { ErrorBox } from "@/ui/ErrorBox";
import { score } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";

const SHOWN = 20;
const SHOWN_MEANS = 4;

/** The newest evaluations that scored traces of the version. */
export function ModelEvaluations({ modelId }: { modelId: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["evaluations", "of model", modelId],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/evaluations", { params: { query: { model_id: modelId, limit: SHOWN } }, signal })),
  });
  if (error) return <ErrorBox error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading heightPx={60} />;
  if (data.evaluations.length === 0)
    return (
      <div className="row">
        <p className="muted">Nobody has evaluated this version.</p>
        <Link to="/evaluations/new" search={{ model_id: [modelId] }} className="button small">
          Evaluate it
        </Link>
      </div>
    );
  return (
    <div className="scroll-x">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Evaluation</th>
            <th scope="col">Status</th>
            <th scope="col">Means</th>
          </tr>
        </thead>
        <tbody>
          {data.evaluations.map((one) => {
            const means = Object.entries(one.aggregates).filter(([key]) => key.endsWith("/mean"));
            return (
              <tr key={one.evaluation_id}>
                <td>
                  <Link to="/evaluations/$evaluationId" params={{ evaluationId: one.evaluation_id }}>
                    {one.name || one.evaluation_id.slice(0, 10)}
                  </Link>{" "}
                  <span className="muted">
                    <Time time={one.start_time} form="ago" />
                  </span>
                </td>
                <td>
                  <Status status={one.status} />
                </td>
                <td>
                  {means.length === 0 && <span className="muted">–</span>}
                  {means.slice(0, SHOWN_MEANS).map(([key, mean]) => (
                    <div key={key}>
                      <span className="muted">{key.replace(/\/mean$/, "")}</span> {score(mean)}
                      {one.model_ids.length > 1 && <span className="muted"> of all versions</span>}
                    </div>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {data.next_page_token !== null && (
        <Link to="/evaluations" search={{ model_id: modelId }}>
          All evaluations of it
        </Link>
      )}
    </div>
  );
}
