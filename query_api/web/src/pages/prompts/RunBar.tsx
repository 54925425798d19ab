import type { ReactNode } from "react";
import { isOver } from "@/pages/prompts/cells";
import { type GridState, isRunning } from "@/pages/prompts/grid";
import styles from "@/pages/prompts/Workbench.module.css";
import { count } from "@/ui/format";

interface Props {
  state: GridState;
  callCount: number;
  /** Why it cannot be run. */
  problem: string | null;
  onRun: () => void;
  onStop: () => void;
  children: ReactNode;
}

/** Starts and stops a run, and says how far it is. */
export function RunBar({ state, callCount, problem, onRun, onStop, children }: Props) {
  const cells = Object.values(state.cells);
  const over = cells.filter(isOver).length;
  const failed = cells.filter((cell) => cell.state === "failed").length;
  const isBusy = isRunning(state);
  return (
    <div className={styles.run}>
      <button type="button" className="button primary" disabled={problem !== null || isBusy} onClick={onRun}>
        Run {callCount > 0 ? `${count(callCount)} ${callCount === 1 ? "call" : "calls"}` : ""}
      </button>
      <button type="button" className="button" disabled={!isBusy} onClick={onStop}>
        Stop
      </button>
      {children}
      <span role="status" className="muted">
        {problem ??
          (cells.length === 0
            ? "Every call is recorded as a trace and spends the endpoint's money."
            : `${count(over)} of ${count(cells.length)} answers${failed > 0 ? `, ${count(failed)} failed` : ""}`)}
      </span>
    </div>
  );
}
