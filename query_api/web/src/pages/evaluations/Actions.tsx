import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type SubmitEvent, useState } from "react";
import { answer, api } from "@/api/client";
import { ProblemError } from "@/api/problem";
import type { paths } from "@/api/schema";
import { againSearch } from "@/pages/evaluations/again";
import { type Evaluation, evaluationKey, isRunning } from "@/pages/evaluations/useEvaluation";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";

type Resume = paths["/v1/evaluations/{evaluation_id}/resume"]["post"]["requestBody"];
type Options = NonNullable<NonNullable<Resume>["content"]["application/json"]["options"]>;

function budgetOf(form: FormData): Options {
  const number = (name: string) => {
    const text = String(form.get(name) ?? "").trim();
    return text === "" ? undefined : Number(text);
  };
  return {
    max_cost_usd: number("max_cost_usd"),
    max_calls: number("max_calls"),
    ...(form.get("retry_failed") !== null && { retry_failed: true }),
  };
}

interface ResumeProps {
  evaluation: Evaluation;
  error: Error | null;
  isPending: boolean;
  onResume: (options: Options) => void;
}

function ResumeForm({ evaluation, error, isPending, onResume }: ResumeProps) {
  const field = (name: "max_cost_usd" | "max_calls", label: string, step: string) => {
    const given = evaluation.options[name];
    const isWrong = error instanceof ProblemError && error.field === `options.${name}`;
    return (
      <label className="stack" style={{ gap: 4 }}>
        {label}
        <input
          className="field"
          name={name}
          type="number"
          min="0"
          step={step}
          defaultValue={typeof given === "number" ? given : ""}
          aria-invalid={isWrong}
          placeholder="no limit"
        />
      </label>
    );
  };
  return (
    <form
      className="stack"
      onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
        event.preventDefault();
        onResume(budgetOf(new FormData(event.currentTarget)));
      }}
    >
      <p>
        It goes on where it was: nothing is scored or paid twice. The budget is of all its parts together.
      </p>
      {field("max_cost_usd", "Most it may cost, US dollars", "any")}
      {field("max_calls", "Most calls to judges", "1")}
      <label className="row">
        <input type="checkbox" name="retry_failed" /> Try rows again that failed
      </label>
      {error !== null && <ErrorBox error={error} />}
      <button type="submit" className="button primary" disabled={isPending}>
        Resume
      </button>
    </form>
  );
}

/** What can be done with an evaluation: stop it, let it go on, do it again, compare it. */
export function Actions({ evaluation }: { evaluation: Evaluation }) {
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const params = { path: { evaluation_id: evaluation.evaluation_id } };
  const onSuccess = (now: Evaluation) => {
    setIsAsking(false);
    queryClient.setQueryData(evaluationKey(now.evaluation_id), now);
  };
  const cancelled = useMutation({
    mutationFn: () => answer(api.POST("/v1/evaluations/{evaluation_id}/cancel", { params })),
    onSuccess,
  });
  const resumed = useMutation({
    mutationFn: (options: Options) =>
      answer(api.POST("/v1/evaluations/{evaluation_id}/resume", { params, body: { options } })),
    onSuccess,
  });
  const isOver = !isRunning(evaluation.status);
  return (
    <>
      {!isOver && (
        <button
          type="button"
          className="button"
          disabled={cancelled.isPending || evaluation.status === "CANCELLING"}
          onClick={() => cancelled.mutate()}
        >
          Cancel
        </button>
      )}
      {isOver && evaluation.status !== "FINISHED" && evaluation.runner === "server" && (
        <button type="button" className="button primary" onClick={() => setIsAsking(true)}>
          Resume
        </button>
      )}
      {evaluation.source === "traces" && (
        <Link to="/evaluations/new" search={againSearch(evaluation)} className="button">
          Evaluate again
        </Link>
      )}
      {cancelled.error !== null && <ErrorBox error={cancelled.error} />}
      <Dialog title="Resume" isOpen={isAsking} onClose={() => setIsAsking(false)}>
        <ResumeForm
          evaluation={evaluation}
          error={resumed.error}
          isPending={resumed.isPending}
          onResume={(options) => resumed.mutate(options)}
        />
      </Dialog>
    </>
  );
}
