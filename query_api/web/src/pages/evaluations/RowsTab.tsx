import { Link } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import { asCsv, asJsonLines } from "@/pages/evaluations/exportRows";
import { useModelName } from "@/pages/evaluations/NamedModel";
import type { Shown } from "@/pages/evaluations/Results";
import { RowPanel } from "@/pages/evaluations/RowPanel";
import styles from "@/pages/evaluations/RowsTab.module.css";
import { filtered, type Metric, type Row, sorted, sortOf } from "@/pages/evaluations/rows";
import { scoresUrl } from "@/pages/evaluations/scoreStream";
import { useTexts } from "@/pages/evaluations/traceTexts";
import { Empty } from "@/ui/Empty";
import { count, score } from "@/ui/format";
import { shortId } from "@/ui/models";
import { save } from "@/ui/saving";
import { VirtualTable } from "@/ui/VirtualTable";

const HEIGHT = "min(64vh, 720px)";
const ROW_HEIGHT_PX = 36;

function Text({ row, which }: { row: Row; which: "input" | "output" }) {
  const texts = useTexts(row.traceId, row.modelId);
  if (texts === undefined) return <span className="muted">…</span>;
  return <>{texts?.[which] ?? <span className="muted">nothing recorded</span>}</>;
}

function ScoreCell({ row, name }: { row: Row; name: string }) {
  const found = row.scores[name];
  if (found === undefined) return <span className="muted">–</span>;
  if (found.error !== null) {
    return (
      <span className={styles.failed} title={found.error}>
        failed
      </span>
    );
  }
  const value = found.value === null ? "" : score(found.value);
  return (
    <span title={found.explanation ?? undefined}>
      {found.label ?? value}
      {found.label !== null && value !== "" && <span className="muted"> {value}</span>}
    </span>
  );
}

function VersionName({ modelId }: { modelId: string }) {
  return (
    <span title={modelId}>{useModelName(modelId) ?? (modelId === "" ? "no version" : shortId(modelId))}</span>
  );
}

function columnsOf(
  metrics: readonly Metric[],
  sort: { name: string; isDown: boolean },
  isSeveral: boolean,
  isOpen: boolean,
  onSort: (sort: string) => void,
): ColumnDef<Row, unknown>[] {
  const version: ColumnDef<Row, unknown> = {
    header: "Version",
    size: 110,
    cell: ({ row }) => <VersionName modelId={row.original.modelId} />,
  };
  const output: ColumnDef<Row, unknown> = {
    header: "Output",
    size: 180,
    meta: { grows: true },
    cell: ({ row }) => <Text row={row.original} which="output" />,
  };
  return [
    {
      header: "Input",
      size: 180,
      meta: { grows: true },
      cell: ({ row }) => <Text row={row.original} which="input" />,
    },
    ...(isOpen ? [] : [output]), // the panel shows it
    ...(isSeveral ? [version] : []),
    ...metrics.map(({ name }): ColumnDef<Row, unknown> => {
      const isSorted = sort.name === name;
      return {
        id: `score ${name}`,
        header: name,
        size: Math.min(180, Math.max(96, name.length * 8 + 36)),
        meta: {
          isNumber: true,
          sorted: isSorted ? (sort.isDown ? -1 : 1) : 0,
          onSort: () => onSort(isSorted && !sort.isDown ? `-${name}` : name),
        },
        cell: ({ row }) => <ScoreCell row={row.original} name={name} />,
      };
    }),
    {
      header: "Trace",
      size: 92,
      cell: ({ row: { original } }) => (
        <Link
          to="/traces/$traceId"
          params={{ traceId: original.traceId }}
          search={{ span: original.spanId }}
          className="mono"
        >
          {original.traceId.slice(0, 8)}
        </Link>
      ),
    },
  ];
}

/** What narrows the rows down, in words, and the way to all of them. */
function Chosen({ search, onSearch }: Pick<Shown, "search" | "onSearch">) {
  const said: string[] = [];
  if (search.by !== undefined && search.label !== undefined) said.push(`${search.by} is ${search.label}`);
  else if (search.by !== undefined && search.from !== undefined && search.to !== undefined) {
    const isOne = search.from === search.to;
    said.push(
      `${search.by} ${isOne ? "is" : "from"} ${score(search.from)}${isOne ? "" : ` to below ${score(search.to)}`}`,
    );
  }
  if (search.failed) said.push("a metric failed");
  if (said.length === 0) return null;
  const all = { by: undefined, from: undefined, to: undefined, label: undefined, failed: undefined };
  return (
    <button type="button" className="button small" aria-pressed="true" onClick={() => onSearch(all)}>
      Only where {said.join(" and ")} <span aria-hidden="true">×</span>
      <span className="visually-hidden">: show all rows</span>
    </button>
  );
}

function VersionFilter({ rows, search, onSearch }: Shown) {
  const modelIds = useMemo(() => [...new Set(rows.map(({ modelId }) => modelId))], [rows]);
  if (modelIds.length < 2) return null;
  return (
    <>
      {modelIds.slice(0, 6).map((modelId) => (
        <VersionButton
          key={modelId}
          modelId={modelId}
          isChosen={search.model_id === modelId}
          onChoose={() => onSearch({ model_id: search.model_id === modelId ? undefined : modelId })}
        />
      ))}
    </>
  );
}

function VersionButton({
  modelId,
  isChosen,
  onChoose,
}: {
  modelId: string;
  isChosen: boolean;
  onChoose: () => void;
}) {
  return (
    <button type="button" className="button small" aria-pressed={isChosen} onClick={onChoose}>
      <VersionName modelId={modelId} />
    </button>
  );
}

function Export({
  subject,
  rows,
  names,
}: {
  subject: Shown["subject"];
  rows: readonly Row[];
  names: readonly string[];
}) {
  const fileName = subject.name.replaceAll(/[^\p{L}\p{N}_-]+/gu, "-") || subject.id;
  return (
    <div className="row">
      <span className="muted">Save the rows shown:</span>
      <button
        type="button"
        className="button small"
        onClick={() => save(`${fileName}.jsonl`, "application/jsonl", asJsonLines(rows, names))}
      >
        JSONL
      </button>
      <button
        type="button"
        className="button small"
        onClick={() => save(`${fileName}.csv`, "text/csv", asCsv(rows, names))}
      >
        CSV
      </button>
      <a
        className="button small"
        href={scoresUrl(subject.id, { format: "arrow" })}
        download={`${fileName}.arrow`}
      >
        All scores, Arrow
      </a>
    </div>
  );
}

/** The rows: sorted, narrowed down, and one of them in full beside. */
export function RowsTab(shown: Shown) {
  const { rows, metrics, search, onSearch } = shown;
  const names = useMemo(() => metrics.map(({ name }) => name), [metrics]);
  const sort = sortOf(search.sort, metrics);
  const chosen = useMemo(
    () => sorted(filtered(rows, search), sort.name, sort.isDown),
    [rows, search, sort.name, sort.isDown],
  );
  const isSeveral = useMemo(() => rows.some(({ modelId }) => modelId !== rows[0]?.modelId), [rows]);
  const selected = chosen.findIndex(({ key }) => key === search.row);
  const row = chosen[selected];
  const columns = columnsOf(metrics, sort, isSeveral, row !== undefined, (wanted) =>
    onSearch({ sort: wanted }),
  );
  const open = (index: number) => onSearch({ row: chosen[index]?.key });
  if (rows.length === 0) return null;
  return (
    <div className="stack">
      <div className="row spread">
        <div className="row">
          <span role="status">
            {chosen.length === rows.length
              ? count(rows.length)
              : `${count(chosen.length)} of ${count(rows.length)}`}{" "}
            rows
          </span>
          <Chosen search={search} onSearch={onSearch} />
          <VersionFilter {...shown} />
        </div>
        <Export subject={shown.subject} rows={chosen} names={names} />
      </div>
      {chosen.length === 0 ? (
        <Empty title="No row is like this" />
      ) : (
        <div className={row === undefined ? styles.alone : styles.beside}>
          <VirtualTable
            label="Rows"
            rows={chosen}
            columns={columns}
            rowKey={({ key }) => key}
            rowHeightPx={ROW_HEIGHT_PX}
            height={row === undefined ? `min(${HEIGHT}, ${(chosen.length + 1) * ROW_HEIGHT_PX}px)` : HEIGHT}
            selected={selected}
            onSelect={open}
          />
          {row !== undefined && (
            <RowPanel row={row} names={names} onClose={() => onSearch({ row: undefined })} />
          )}
        </div>
      )}
    </div>
  );
}
