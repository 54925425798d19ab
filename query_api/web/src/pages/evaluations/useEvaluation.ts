import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { type Mark, marked } from "@/pages/evaluations/progress";

export type Evaluation = Schemas["Evaluation"];

const AGAIN_MS = 3_000;

export function isRunning(status: string): boolean {
  return status === "RUNNING" || status === "CANCELLING";
}

export function evaluationKey(evaluationId: string): readonly unknown[] {
  return ["evaluation", evaluationId];
}

/** An evaluation, as it changes. */
interface Watched {
  evaluation: Evaluation | undefined;
  error: Error | null;
  retry: () => void;
  /** How far it was when: for the rate. */
  marks: readonly Mark[];
}

/** Whether the tab is in sight: a browser allows six connections to a server, and each watched tab holds one. */
function useIsVisible(): boolean {
  const [isVisible, setIsVisible] = useState(document.visibilityState === "visible");
  useEffect(() => {
    const onChange = () => setIsVisible(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", onChange);
    return () => document.removeEventListener("visibilitychange", onChange);
  }, []);
  return isVisible;
}

/**
 * Calls back with each state that the server sends, for as long as the evaluation runs.
 *
 * A stream that breaks off (the server is started anew, a proxy gave up) is opened again after a while. The server
 * begins each stream with the state of now, so nothing is missed.
 */
function watch(evaluationId: string, onState: (evaluation: Evaluation) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const open = () => {
    const opened = new EventSource(`/v1/evaluations/${encodeURIComponent(evaluationId)}/events`);
    source = opened;
    opened.addEventListener("progress", ({ data }) => {
      const evaluation = JSON.parse(data) as Evaluation;
      onState(evaluation);
      if (!isRunning(evaluation.status)) stop();
    });
    opened.onerror = () => {
      // Closed by hand: browsers ask again by themselves after some failures, and not after others.
      opened.close();
      if (!isOver) timer = setTimeout(open, AGAIN_MS);
    };
  };
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
    source?.close();
  };
  open();
  return stop;
}

/** One evaluation; while it runs, as it goes on. */
export function useEvaluation(evaluationId: string): Watched {
  const queryClient = useQueryClient();
  const [marks, setMarks] = useState<readonly Mark[]>([]);
  const found = useQuery({
    queryKey: evaluationKey(evaluationId),
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/evaluations/{evaluation_id}", {
          params: { path: { evaluation_id: evaluationId } },
          signal,
        }),
      ),
  });
  const isWatched = useIsVisible() && found.data !== undefined && isRunning(found.data.status);
  useEffect(() => {
    if (!isWatched) return;
    const stop = watch(evaluationId, (evaluation) => {
      queryClient.setQueryData(evaluationKey(evaluationId), evaluation);
      setMarks((so) => marked(so, { atMs: Date.now(), done: evaluation.progress.done }));
    });
    return () => {
      stop();
      setMarks([]);
    };
  }, [isWatched, evaluationId, queryClient]);
  return { evaluation: found.data, error: found.error, retry: () => void found.refetch(), marks };
}
