import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ColumnsDialog } from "@/pages/traces/ColumnsDialog";
import { ExportDialog } from "@/pages/traces/ExportDialog";
import { versionsOf } from "@/pages/traces/exporting";
import type { Search } from "@/pages/traces/search";
import type { Asked, Trace } from "@/pages/traces/traceList";

const MAX_COMPARED = 6;

interface Props {
  asked: Asked;
  search: Search;
  isLive: boolean;
  chosen: ReadonlyMap<string, Trace>;
  change: (changes: Partial<Search>) => void;
  onRefresh: () => void;
}

/** What can be done with the rows that were chosen; with none chosen, with all that were found. */
export function Actions({ asked, search, isLive, chosen, change, onRefresh }: Props) {
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"columns" | "export" | null>(null);
  const chosenIds = [...chosen.keys()];
  const versions = versionsOf(chosen.values());
  const evaluate = () => {
    const { model_id, since, start, end } = asked;
    const found = { since, start, end, filter: asked.filter, ...(model_id && { model_id: [model_id] }) };
    void navigate({ to: "/evaluations/new", search: chosen.size > 0 ? { trace_id: chosenIds } : found });
  };
  const canCompare = versions.length >= 2 && versions.length <= MAX_COMPARED;
  return (
    <div className="row">
      {isLive || (
        <button type="button" className="button small" onClick={onRefresh}>
          Refresh
        </button>
      )}
      <button
        type="button"
        className="button small"
        aria-pressed={isLive}
        disabled={asked.end !== undefined}
        title={asked.end === undefined ? "Show new traces as they come in" : "The period has an end"}
        onClick={() => change({ live: isLive ? undefined : true, order_by: undefined })}
      >
        Live
      </button>
      <button type="button" className="button small" onClick={evaluate}>
        Evaluate these
      </button>
      <button
        type="button"
        className="button small"
        disabled={!canCompare}
        title={canCompare ? "Compare their versions" : "Choose traces of two to six versions"}
        onClick={() => void navigate({ to: "/compare", search: { models: versions.join(",") } })}
      >
        Compare
      </button>
      <button type="button" className="button small" onClick={() => setDialog("export")}>
        Export
      </button>
      <button type="button" className="button small" onClick={() => setDialog("columns")}>
        Columns
      </button>
      <ColumnsDialog
        columns={search.columns}
        isOpen={dialog === "columns"}
        onChange={(columns) => change({ columns })}
        onClose={() => setDialog(null)}
      />
      <ExportDialog
        asked={asked}
        chosen={chosenIds}
        isOpen={dialog === "export"}
        onClose={() => setDialog(null)}
      />
    </div>
  );
}
