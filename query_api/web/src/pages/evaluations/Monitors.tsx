import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import styles from "@/pages/evaluations/Evaluations.module.css";
import { metricsOf } from "@/pages/evaluations/rows";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorBox } from "@/ui/ErrorBox";
import { count, percent, usd } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";

type Monitor = Schemas["Monitor"];
type Command = "pause" | "resume" | "delete";

const REFRESH_MS = 5_000;
const KEY = ["monitors"];

async function tell(monitorId: string, command: Command): Promise<void> {
  const params = { path: { monitor_id: monitorId } };
  if (command === "pause") await answer(api.POST("/v1/monitors/{monitor_id}/pause", { params }));
  else if (command === "resume") await answer(api.POST("/v1/monitors/{monitor_id}/resume", { params }));
  // An answer without content has no data: the status alone tells.
  else
    await answer(
      api.DELETE("/v1/monitors/{monitor_id}", { params }).then((it) => ({ ...it, data: it.data ?? null })),
    );
}

function Facts({ monitor }: { monitor: Monitor }) {
  const { selection, options, progress } = monitor;
  const where = typeof selection.where === "string" ? selection.where : "";
  const budget = [
    typeof options.max_cost_usd === "number" && `${usd(options.max_cost_usd)} a day`,
    typeof options.max_calls === "number" && `${count(options.max_calls)} calls a day`,
  ].filter(Boolean);
  return (
    <dl className={styles.facts}>
      <dt>Metrics</dt>
      <dd>
        {metricsOf(monitor.metrics)
          .map(({ name }) => name)
          .join(", ")}
      </dd>
      <dt>Traces</dt>
      <dd>
        {typeof options.sample === "number" && `${percent(options.sample)} of `}
        {where === "" ? "all" : <code>{where}</code>}
        {selection.model !== undefined && ` of ${[selection.model].flat().join(", ")}`}
      </dd>
      <dt>Scored</dt>
      <dd>
        {count(progress.done)} traces, {count(progress.scores)} scores, {usd(progress.cost_usd)}
        {progress.failed > 0 && `, ${count(progress.failed)} failed`}
        {progress.unmapped > 0 && `, ${count(progress.unmapped)} lack what a metric needs`}
      </dd>
      <dt>Up to</dt>
      <dd>
        <Time time={monitor.until_time} />
      </dd>
      {budget.length > 0 && (
        <>
          <dt>Budget</dt>
          <dd>{budget.join(", ")}</dd>
        </>
      )}
    </dl>
  );
}

function MonitorCard({ monitor }: { monitor: Monitor }) {
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const told = useMutation({
    mutationFn: (command: Command) => tell(monitor.monitor_id, command),
    onSettled: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
  const isPaused = monitor.status === "PAUSED";
  return (
    <article className={`card ${styles.monitor}`} aria-label={monitor.name}>
      <div className="row spread">
        <h2>
          <Link to="/evaluations/$evaluationId" params={{ evaluationId: monitor.monitor_id }}>
            {monitor.name}
          </Link>
        </h2>
        <Status status={monitor.status} />
      </div>
      {monitor.reason !== null && <p className={styles.reason}>{monitor.reason}</p>}
      <Facts monitor={monitor} />
      {told.error !== null && <ErrorBox error={told.error} />}
      <div className="row">
        <button
          type="button"
          className="button small"
          disabled={told.isPending}
          onClick={() => told.mutate(isPaused ? "resume" : "pause")}
        >
          {isPaused ? "Resume" : "Pause"}
        </button>
        <button
          type="button"
          className="button small"
          disabled={told.isPending}
          onClick={() => setIsAsking(true)}
        >
          Delete
        </button>
      </div>
      <Dialog title={`Delete ${monitor.name}?`} isOpen={isAsking} onClose={() => setIsAsking(false)}>
        <p>It scores no more traces. The scores that it gave stay.</p>
        <div className="row">
          <button
            type="button"
            className="button primary"
            onClick={() => {
              setIsAsking(false);
              told.mutate("delete");
            }}
          >
            Delete the monitor
          </button>
          <button type="button" className="button" onClick={() => setIsAsking(false)}>
            Keep it
          </button>
        </div>
      </Dialog>
    </article>
  );
}

/** What scores traces as they come in: how it does, and whether it should go on. */
export function Monitors() {
  const found = useInfiniteQuery({
    queryKey: KEY,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/v1/monitors", { params: { query: pageParam ? { page_token: pageParam } : {} }, signal }),
      ),
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    refetchInterval: REFRESH_MS,
  });
  const monitors = found.data?.pages.flatMap((page) => page.monitors) ?? [];
  if (found.isPending) return <Loading heightPx={240} />;
  return (
    <>
      {found.error !== null && <ErrorBox error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && monitors.length === 0 && (
        <Empty title="No monitor watches the traffic">
          <p>A monitor scores new traces as they come in, all of them or a share, within a budget a day.</p>
          <Link to="/evaluations/new" search={{ kind: "monitor" }} className="button primary">
            New monitor
          </Link>
        </Empty>
      )}
      <div className={styles.monitors}>
        {monitors.map((monitor) => (
          <MonitorCard key={monitor.monitor_id} monitor={monitor} />
        ))}
      </div>
      {found.hasNextPage && (
        <button type="button" className="button" onClick={() => void found.fetchNextPage()}>
          Show more
        </button>
      )}
    </>
  );
}
