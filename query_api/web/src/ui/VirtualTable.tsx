import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  type RowData,
  useReactTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useShortcuts } from "@/app/shortcuts";
import styles from "@/ui/VirtualTable.module.css";

declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Right-aligned figures. */
    isNumber?: boolean;
    /** Takes what the others leave (CSS grid); by default, `size` in pixels. */
    grows?: boolean;
    /** -1 or 1 while rows are sorted by it; a click on its head calls `onSort`. */
    sorted?: -1 | 1 | 0;
    onSort?: () => void;
  }
}

interface Props<Row> {
  label: string;
  rows: readonly Row[];
  columns: ColumnDef<Row, unknown>[];
  rowKey: (row: Row) => string;
  /** Pixels; every row is as high. */
  rowHeightPx?: number;
  /** CSS height of the part that scrolls. */
  height?: string;
  /** The row that is marked; -1 for none. `j` and `k` move it, Enter opens it. */
  selected?: number;
  onSelect?: (index: number) => void;
  onOpen?: (row: Row) => void;
  /** Called when the end comes into sight, to fetch more. */
  onEnd?: () => void;
  /** Rows that there are in all, where more than `rows` is known of; the rest shows as places. */
  isMore?: boolean;
}

const OVERSCAN_ROWS = 12;

/** A table of any length: only the rows in sight are in the document. */
export function VirtualTable<Row>(props: Props<Row>) {
  const { label, rows, columns, rowKey, rowHeightPx = 36, height = "60vh", onEnd, onOpen, onSelect } = props;
  const { selected = -1, isMore = false } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const table = useReactTable({
    data: rows as Row[],
    columns,
    getCoreRowModel: getCoreRowModel(),
    getRowId: rowKey,
  });
  const virtualizer = useVirtualizer({
    count: rows.length + (isMore ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    overscan: OVERSCAN_ROWS,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (isMore && last >= rows.length - OVERSCAN_ROWS) onEnd?.();
  }, [isMore, last, rows.length, onEnd]);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    onSelect?.(index);
    virtualizer.scrollToIndex(index);
  };
  useShortcuts(
    onSelect === undefined
      ? []
      : [
          { keys: "j", label: "Next row", run: () => move(selected + 1) },
          { keys: "k", label: "Previous row", run: () => move(selected - 1) },
          {
            keys: "Enter",
            label: "Open the row",
            run: () => {
              const row = rows[selected];
              if (row !== undefined) onOpen?.(row);
            },
          },
        ],
  );

  const template = table
    .getAllLeafColumns()
    .map((column) =>
      column.columnDef.meta?.grows ? `minmax(${column.getSize()}px, 1fr)` : `${column.getSize()}px`,
    )
    .join(" ");
  return (
    <section
      ref={scroller}
      className={styles.scroller}
      style={{ height }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
      tabIndex={0}
      aria-label={label}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: rows in sight are placed by hand, which a table cannot do */}
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className={styles.table}>
        {table.getHeaderGroups().map((group) => (
          // biome-ignore lint/a11y: as above
          <div key={group.id} role="row" className={styles.head} style={{ gridTemplateColumns: template }}>
            {group.headers.map((header) => {
              const meta = header.column.columnDef.meta;
              const shown = flexRender(header.column.columnDef.header, header.getContext());
              const sort = meta?.sorted === 1 ? "ascending" : meta?.sorted === -1 ? "descending" : "none";
              return (
                // biome-ignore lint/a11y: as above
                <div
                  key={header.id}
                  role="columnheader"
                  className={meta?.isNumber ? styles.figure : styles.cell}
                  {...(meta?.onSort && { "aria-sort": sort })}
                >
                  {meta?.onSort ? (
                    <button type="button" className={styles.sort} onClick={meta.onSort}>
                      {shown}
                      {meta.sorted === 1 ? " ↑" : meta.sorted === -1 ? " ↓" : ""}
                    </button>
                  ) : (
                    shown
                  )}
                </div>
              );
            })}
          </div>
        ))}
        {/* biome-ignore lint/a11y: as above */}
        <div role="rowgroup" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = table.getRowModel().rows[item.index];
            const place = {
              gridTemplateColumns: template,
              height: rowHeightPx,
              transform: `translateY(${item.start}px)`,
            };
            if (row === undefined)
              return <div key="more" className={styles.more} style={place} aria-hidden="true" />;
            return (
              // biome-ignore lint/a11y: as above; the keyboard opens the marked row
              <div
                key={row.id}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={item.index === selected}
                className={`${styles.row} ${onOpen ? styles.opens : ""}`}
                style={place}
                onClick={(event) => {
                  onSelect?.(item.index);
                  if (!(event.target instanceof Element && event.target.closest("a, button, input")))
                    onOpen?.(row.original);
                }}
              >
                {row.getVisibleCells().map((cell) => (
                  // biome-ignore lint/a11y: as above
                  <div
                    key={cell.id}
                    role="cell"
                    className={cell.column.columnDef.meta?.isNumber ? styles.figure : styles.cell}
                  >
                    {flexRender(cell.column.columnDef.cell, cell.getContext())}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
