import { type ReactNode, useEffect, useState } from "react";
import { NamedModels } from "@/pages/evaluations/NamedModel";
import styles from "@/pages/evaluations/ProgressCard.module.css";
import { type Mark, rateOf, timeLeftMs } from "@/pages/evaluations/progress";
import { type Evaluation, isRunning } from "@/pages/evaluations/useEvaluation";
import { count, digits, duration, percent, usd } from "@/ui/format";
import { Time } from "@/ui/Time";

const TICK_MS = 1_000;

/** The clock of this machine, each second while something runs. */
function useNowMs(isTicking: boolean): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    if (!isTicking) return;
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isTicking]);
  return nowMs;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Budget({ evaluation }: { evaluation: Evaluation }) {
  const { max_cost_usd, max_calls } = evaluation.options;
  return (
    <>
      <Fact name="Cost">
        {usd(evaluation.progress.cost_usd)}
        {typeof max_cost_usd === "number" && <span className="muted"> of {usd(max_cost_usd)}</span>}
      </Fact>
      <Fact name="Calls to judges">
        {count(evaluation.progress.calls)}
        {typeof max_calls === "number" && <span className="muted"> of {count(max_calls)}</span>}
      </Fact>
    </>
  );
}

/** How far an evaluation is, what it cost, and why it ended where it did. */
export function ProgressCard({ evaluation, marks }: { evaluation: Evaluation; marks: readonly Mark[] }) {
  const { progress, status } = evaluation;
  const isGoingOn = isRunning(status);
  const nowMs = useNowMs(isGoingOn);
  const rate = rateOf(marks, nowMs);
  const share = progress.total === null || progress.total === 0 ? null : progress.done / progress.total;
  const endMs = evaluation.end_time === null ? nowMs : Date.parse(evaluation.end_time);
  const total = progress.total === null ? "?" : count(progress.total);
  return (
    <section className={`card ${styles.progress}`} aria-label="Progress">
      {evaluation.reason !== null && <p className={styles.reason}>{evaluation.reason}</p>}
      {isGoingOn && (
        <div className={styles.track}>
          <progress
            aria-label="Traces scored"
            max={1}
            {...(share !== null && { value: share })}
            className={styles.bar}
          />
          <span className="muted" role="status">
            {share === null ? "Waiting to begin" : percent(Math.floor(share * 100) / 100)}
          </span>
        </div>
      )}
      <dl className={styles.facts}>
        <Fact name="Traces">
          {count(progress.done)} of {total}
        </Fact>
        <Fact name="Scores">{count(progress.scores)}</Fact>
        <Fact name="Failed">{count(progress.failed)}</Fact>
        <Fact name="Lack something">{count(progress.unmapped)}</Fact>
        <Budget evaluation={evaluation} />
        {isGoingOn && (
          <>
            <Fact name="Rate">{rate === null ? "–" : `${digits(rate)} / s`}</Fact>
            <Fact name="Time left">{duration(timeLeftMs(progress.done, progress.total, rate))}</Fact>
          </>
        )}
        <Fact name="Started">
          <Time time={evaluation.start_time} />
        </Fact>
        <Fact name="Lasted">{duration(Math.max(0, endMs - Date.parse(evaluation.start_time)))}</Fact>
        <Fact name="Versions">
          <NamedModels modelIds={evaluation.model_ids} />
        </Fact>
      </dl>
    </section>
  );
}
