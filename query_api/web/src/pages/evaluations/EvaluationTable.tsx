import { Link, useNavigate } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { headlineOf } from "@/pages/evaluations/aggregates";
import styles from "@/pages/evaluations/Evaluations.module.css";
import { NamedModels } from "@/pages/evaluations/NamedModel";
import { metricsOf, titleOf } from "@/pages/evaluations/rows";
import { count, duration, usd } from "@/ui/format";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";
import { VirtualTable } from "@/ui/VirtualTable";

type Evaluation = Schemas["Evaluation"];

const ROW_HEIGHT_PX = 44;

/** How long it took, or takes so far. */
function lastedMs({ start_time, end_time }: Evaluation): number {
  return (end_time === null ? Date.now() : Date.parse(end_time)) - Date.parse(start_time);
}

function Metrics({ evaluation }: { evaluation: Evaluation }) {
  const metrics = metricsOf(evaluation.metrics);
  const text = metrics.map((metric) => [metric.name, headlineOf(metric, evaluation.aggregates)] as const);
  return (
    <span className={styles.metrics} title={text.map(([name, value]) => `${name} ${value ?? ""}`).join(", ")}>
      {text.map(([name, value]) => (
        <span key={name} className={styles.metric}>
          {name} {value !== null && <strong>{value}</strong>}
        </span>
      ))}
    </span>
  );
}

const COLUMNS: ColumnDef<Evaluation, unknown>[] = [
  { header: "Status", size: 116, cell: ({ row }) => <Status status={row.original.status} /> },
  {
    header: "Name",
    size: 150,
    meta: { grows: true },
    cell: ({ row: { original } }) => (
      <Link to="/evaluations/$evaluationId" params={{ evaluationId: original.evaluation_id }}>
        {titleOf(original)}
      </Link>
    ),
  },
  {
    header: "Versions",
    size: 150,
    meta: { grows: true },
    cell: ({ row }) => <NamedModels modelIds={row.original.model_ids} most={2} />,
  },
  {
    header: "Metrics",
    size: 230,
    meta: { grows: true },
    cell: ({ row }) => <Metrics evaluation={row.original} />,
  },
  {
    header: "Traces",
    size: 112,
    meta: { isNumber: true },
    cell: ({
      row: {
        original: { progress },
      },
    }) => `${count(progress.done)} of ${progress.total === null ? "?" : count(progress.total)}`,
  },
  {
    header: "Cost",
    size: 84,
    meta: { isNumber: true },
    cell: ({ row }) => usd(row.original.progress.cost_usd),
  },
  { header: "Started", size: 108, cell: ({ row }) => <Time time={row.original.start_time} form="ago" /> },
  {
    header: "Lasted",
    size: 92,
    meta: { isNumber: true },
    cell: ({ row }) => duration(lastedMs(row.original)),
  },
];

interface Props {
  evaluations: readonly Evaluation[];
  isMore: boolean;
  onEnd: () => void;
}

/** Evaluations, one a row; Enter or a click opens one. */
export function EvaluationTable({ evaluations, isMore, onEnd }: Props) {
  const navigate = useNavigate();
  const [selected, setSelected] = useState(-1);
  return (
    <VirtualTable
      label="Evaluations"
      rows={evaluations}
      columns={COLUMNS}
      rowKey={({ evaluation_id }) => evaluation_id}
      rowHeightPx={ROW_HEIGHT_PX}
      height={`min(70vh, ${36 + ROW_HEIGHT_PX * (evaluations.length + (isMore ? 1 : 0))}px)`}
      selected={selected}
      onSelect={setSelected}
      onOpen={({ evaluation_id }) =>
        void navigate({ to: "/evaluations/$evaluationId", params: { evaluationId: evaluation_id } })
      }
      isMore={isMore}
      onEnd={onEnd}
    />
  );
}
