import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { answer, api } from "@/api/client";
import { useShortcuts } from "@/app/shortcuts";
import styles from "@/pages/models/History.module.css";
import { type Moment, momentAt, momentsOf, nsOf, wordsOf } from "@/pages/models/history";
import { StateTables } from "@/pages/models/StateTables";
import { ErrorBox } from "@/ui/ErrorBox";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { Time } from "@/ui/Time";

const PAGE_EVENTS = 200;
const LOADED_AT_ONCE = 1_000;

function useEvents(modelId: string) {
  const found = useInfiniteQuery({
    queryKey: ["model", modelId, "events"],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/v1/models/{model_id}/events", {
          params: {
            path: { model_id: modelId },
            query: { limit: PAGE_EVENTS, ...(pageParam && { page_token: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });
  const { data, hasNextPage, isFetching, fetchNextPage } = found;
  const loaded = data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetching && loaded * PAGE_EVENTS < LOADED_AT_ONCE) void fetchNextPage();
  }, [hasNextPage, isFetching, loaded, fetchNextPage]);
  return found;
}

/** What is known of a version as of an instant; without one, now. */
export function useModelState(modelId: string, asOf: string | undefined, isAsked = true) {
  return useQuery({
    queryKey: asOf === undefined ? ["model", modelId] : ["model", modelId, "as of", asOf],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/models/{model_id}", {
          params: { path: { model_id: modelId }, query: asOf === undefined ? {} : { as_of: asOf } },
          signal,
        }),
      ),
    enabled: isAsked,
    placeholderData: (before) => before,
  });
}

function Moments(props: { moments: readonly Moment[]; shown: number; onShow: (index: number) => void }) {
  return (
    <ol className={styles.moments} aria-label="Events">
      {props.moments.map((moment, index) => (
        <li key={moment.time}>
          <button
            type="button"
            className={styles.moment}
            aria-current={index === props.shown ? "step" : undefined}
            onClick={() => props.onShow(index)}
          >
            <span>{moment.events.map(wordsOf).join("; ")}</span>
            <span className="muted">
              <Time time={moment.time} form="short" />
              {moment.events[0]?.actor && ` · ${moment.events[0].actor}`}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** The instant in words: which event it is, or after which. */
function Where({ moments, at, asOf }: { moments: readonly Moment[]; at: number; asOf: string | undefined }) {
  if (asOf === undefined) return <strong>Now, after {count(moments.length)} changes</strong>;
  const moment = moments[at];
  if (moment === undefined) return <strong>Before the first event</strong>;
  const isExact = nsOf(moment.time) === nsOf(asOf);
  return (
    <strong>
      {isExact ? `Change ${at + 1} of ${moments.length}: ` : `After change ${at + 1} of ${moments.length}: `}
      {moment.events.map(wordsOf).join("; ")}
    </strong>
  );
}

interface Props {
  modelId: string;
  asOf: string | undefined;
  onAsOf: (asOf: string | undefined) => void;
}

function AnyInstant({ asOf, onAsOf }: Omit<Props, "modelId">) {
  const at = asOf === undefined ? null : new Date(asOf);
  const local = at === null ? "" : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  return (
    <label className="row">
      <span className="muted">or as of</span>
      <input
        type="datetime-local"
        step="1"
        className="field"
        value={local.slice(0, 19)}
        onChange={({ target }) => {
          const chosen = new Date(target.value);
          onAsOf(Number.isNaN(chosen.getTime()) ? undefined : chosen.toISOString());
        }}
      />
    </label>
  );
}

/** The events of a version, and a slider that shows its state as of each. */
export function History({ modelId, asOf, onAsOf }: Props) {
  const events = useEvents(modelId);
  const moments = momentsOf(events.data?.pages.flatMap((page) => page.events) ?? []);
  const at = asOf === undefined ? moments.length : momentAt(moments, asOf);
  const exact = asOf !== undefined && moments[at] !== undefined && nsOf(moments[at].time) === nsOf(asOf);
  const earlier = exact ? moments[at - 1]?.time : undefined;
  const state = useModelState(modelId, asOf);
  const before = useModelState(modelId, earlier, earlier !== undefined);
  const show = (index: number) =>
    onAsOf(index >= moments.length ? undefined : moments[Math.max(0, index)]?.time);
  useShortcuts([
    { keys: "[", label: "State one change earlier", run: () => show(at - 1) },
    { keys: "]", label: "State one change later", run: () => show(at + 1) },
  ]);

  if (events.isPending) return <Loading heightPx={360} />;
  if (events.error) return <ErrorBox error={events.error} onRetry={() => void events.refetch()} />;
  return (
    <>
      <div className={styles.controls}>
        <button type="button" className="button small" disabled={at <= 0} onClick={() => show(at - 1)}>
          Earlier
        </button>
        <input
          type="range"
          className={styles.slider}
          aria-label="Change whose state is shown"
          aria-valuetext={
            asOf === undefined ? "now" : `change ${at + 1} of ${moments.length}, ${moments[at]?.time ?? asOf}`
          }
          min={0}
          max={moments.length}
          value={Math.max(0, at)}
          onChange={({ target }) => show(Number(target.value))}
        />
        <button
          type="button"
          className="button small"
          disabled={asOf === undefined}
          onClick={() => show(at + 1)}
        >
          Later
        </button>
        <button
          type="button"
          className="button small"
          disabled={asOf === undefined}
          onClick={() => onAsOf(undefined)}
        >
          Now
        </button>
        <AnyInstant asOf={asOf} onAsOf={onAsOf} />
      </div>
      <div className={styles.both}>
        <div className={styles.list}>
          <Moments moments={moments} shown={exact ? at : -1} onShow={show} />
          {moments.length === 0 && <p className="muted">No event tells of it; only traces do.</p>}
          {events.hasNextPage && !events.isFetching && (
            <button type="button" className="button small" onClick={() => void events.fetchNextPage()}>
              Load more events
            </button>
          )}
        </div>
        <section className="stack" aria-label="State" aria-live="polite">
          <div className="row spread">
            <Where moments={moments} at={at} asOf={asOf} />
            {asOf !== undefined && <Time time={asOf} />}
          </div>
          {state.error && <ErrorBox error={state.error} />}
          {state.isPending && <Loading heightPx={280} />}
          {state.data && !state.error && (
            <StateTables state={state.data} before={earlier === undefined ? null : (before.data ?? null)} />
          )}
        </section>
      </div>
    </>
  );
}
