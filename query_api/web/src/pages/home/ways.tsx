import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Period } from "@/api/period";
import type { Pair } from "@/pages/home/pairs";
import { doubled } from "@/pages/home/wording";

interface TracesProps {
  filter: string;
  period: Period;
  className?: string;
  children: ReactNode;
}

/** Leads to the traces that match. */
export function TracesLink({ filter, period, className, children }: TracesProps) {
  return (
    <Link to="/traces" search={{ ...period, filter }} className={className}>
      {children}
    </Link>
  );
}

/** Leads to the two versions side by side, the older one as the baseline. */
export function CompareLink({ pair, period }: { pair: Pair; period: Period }) {
  const search = {
    ...(pair.isReplaced ? doubled(period) : period),
    models: `${pair.baselineId},${pair.modelId}`,
    baseline: pair.baselineId,
  };
  return (
    <Link to="/compare" search={search} className="button small">
      Compare
    </Link>
  );
}

/** Leads to a new evaluation of the traffic of both versions: the same metrics, on recorded answers. */
export function EvaluateLink({ pair, period }: { pair: Pair; period: Period }) {
  const search = {
    ...(pair.isReplaced ? doubled(period) : period),
    model_id: [pair.baselineId, pair.modelId],
  };
  const isWorse = pair.worse.length > 0;
  return (
    <Link to="/evaluations/new" search={search} className={`button small ${isWorse ? "primary" : ""}`}>
      {isWorse ? "Prove it: evaluate" : "Evaluate both"}
    </Link>
  );
}
