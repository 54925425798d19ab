import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { useShortcuts } from "@/app/shortcuts";
import type { Column } from "@/pages/traces/columns";
import { placeOf, ROW_PX, scrollTopOf } from "@/pages/traces/scrolling";
import styles from "@/pages/traces/TraceTable.module.css";
import type { Asked, Rows, Trace } from "@/pages/traces/traceList";

interface Props {
  rows: Rows;
  columns: readonly Column[];
  /** For the addresses of traces: their pages offer the next and the previous of the list. */
  asked: Asked;
  order: string;
  onOrder: (order: string) => void;
  onOpen: (trace: Trace) => void;
  chosen: ReadonlyMap<string, Trace>;
  onChoose: (trace: Trace) => void;
  isFresh?: (trace: Trace) => boolean;
  height: string;
}

const OVERSCAN_ROWS = 8;
const HEAD_PX = 34;
const SCROLLBAR_PX = 18;

/**
 * Traces as rows of one height: only those in sight are in the document, however many there are. Other rows need
 * another table: give it a `key`.
 */
export function TraceTable(props: Props) {
  const { rows, columns, chosen, onChoose, onOpen, isFresh, height } = props;
  useSyncExternalStore(rows.subscribe, () => rows.version);
  const scroller = useRef<HTMLElement>(null);
  const [view, setView] = useState({ top: rows.scrollTop, height: 600 });
  const [marked, setMarked] = useState(-1);
  const { first, last, offsetPx, bodyPx } = placeOf(rows.count, view.top, view.height - HEAD_PX);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    element.scrollTop = rows.scrollTop;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [rows]);
  useEffect(() => rows.show(first, last), [rows, first, last]);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.count - 1, to));
    setMarked(index);
    const element = scroller.current;
    if (element !== null) element.scrollTop = scrollTopOf(rows.count, index, view.top, view.height - HEAD_PX);
  };
  const withMarked = (act: (trace: Trace) => void) => () => {
    const trace = rows.at(marked);
    if (trace !== undefined) act(trace);
  };
  useShortcuts([
    { keys: "j", label: "Next row", run: () => move(marked + 1) },
    { keys: "k", label: "Previous row", run: () => move(marked - 1) },
    { keys: "x", label: "Choose the row", run: withMarked(onChoose) },
    { keys: "Enter", label: "Open the row", run: withMarked(onOpen) },
  ]);

  const template = `36px ${columns.map(({ grows, widthPx }) => (grows ? `minmax(${widthPx}px, 1fr)` : `${widthPx}px`)).join(" ")}`;
  const from = Math.max(0, first - OVERSCAN_ROWS);
  const to = Math.min(rows.count, last + 1 + OVERSCAN_ROWS);
  const shown: ReactNode[] = [];
  for (let index = from; index < to; index += 1) {
    const trace = rows.at(index);
    const style = {
      gridTemplateColumns: template,
      transform: `translateY(${view.top + index * ROW_PX - offsetPx}px)`,
    };
    shown.push(
      trace === undefined ? (
        <div key={index} className={styles.row} style={style} aria-hidden="true">
          <span />
          <span className={styles.waiting} />
        </div>
      ) : (
        // biome-ignore lint/a11y: rows in sight are placed by hand, which a table cannot do; keys open the marked row
        <div
          key={index}
          role="row"
          aria-rowindex={index + 2}
          aria-selected={chosen.has(trace.trace_id)}
          className={classes(trace, chosen, index === marked, isFresh)}
          style={style}
          onClick={({ target }) => {
            setMarked(index);
            if (!(target instanceof Element && target.closest("a, button, input, label"))) onOpen(trace);
          }}
        >
          <Choice trace={trace} isChosen={chosen.has(trace.trace_id)} onChoose={onChoose} />
          <Cells trace={trace} columns={columns} asked={props.asked} />
        </div>
      ),
    );
  }
  return (
    <section
      ref={scroller}
      className={styles.scroller}
      style={{ height: rows.isMore ? height : `min(${height}, ${bodyPx + HEAD_PX + SCROLLBAR_PX}px)` }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
      tabIndex={0}
      aria-label="Traces found"
      onScroll={({ currentTarget: { scrollTop, clientHeight } }) => {
        setView({ top: scrollTop, height: clientHeight });
        rows.scrollTop = scrollTop;
      }}
    >
      {/* biome-ignore lint/a11y: as above */}
      <div
        role="table"
        aria-label="Traces"
        aria-rowcount={rows.isMore ? -1 : rows.count + 1}
        aria-busy={rows.isLoading}
        className={styles.table}
      >
        <Head columns={columns} template={template} order={props.order} onOrder={props.onOrder} />
        {/* biome-ignore lint/a11y: as above */}
        <div role="rowgroup" className={styles.body} style={{ height: bodyPx }}>
          {shown}
        </div>
      </div>
    </section>
  );
}

function classes(
  trace: Trace,
  chosen: ReadonlyMap<string, Trace>,
  isMarked: boolean,
  isFresh: Props["isFresh"],
): string {
  const all = [styles.row];
  if (trace.status === "ERROR") all.push(styles.failed);
  if (isFresh?.(trace)) all.push(styles.fresh);
  if (chosen.has(trace.trace_id)) all.push(styles.chosen);
  if (isMarked) all.push(styles.marked);
  return all.join(" ");
}

function Choice(props: { trace: Trace; isChosen: boolean; onChoose: (trace: Trace) => void }) {
  const { trace, isChosen, onChoose } = props;
  return (
    // biome-ignore lint/a11y: a cell of the table above
    <div role="cell">
      <label className={styles.choice}>
        <input type="checkbox" checked={isChosen} onChange={() => onChoose(trace)} />
        <span className="visually-hidden">Choose trace {trace.trace_id}</span>
      </label>
    </div>
  );
}

function Cells({ trace, columns, asked }: { trace: Trace; columns: readonly Column[]; asked: Asked }) {
  return columns.map((column, index) => (
    // biome-ignore lint/a11y: a cell of the table above
    <div key={column.name} role="cell" className={column.isNumber ? styles.figure : styles.cell}>
      {index === 0 ? (
        <Link to="/traces/$traceId" params={{ traceId: trace.trace_id }} search={asked} preload={false}>
          {column.cell(trace)}
        </Link>
      ) : (
        column.cell(trace)
      )}
    </div>
  ));
}

interface HeadProps {
  columns: readonly Column[];
  template: string;
  order: string;
  onOrder: (order: string) => void;
}

function Head({ columns, template, order, onOrder }: HeadProps) {
  const [sorted, direction] = order.split(" ");
  return (
    // biome-ignore lint/a11y: rows in sight are placed by hand, which a table cannot do
    <div role="row" className={styles.head} style={{ gridTemplateColumns: template }}>
      {/* biome-ignore lint/a11y: as above */}
      <div role="columnheader">
        <span className="visually-hidden">Choose</span>
      </div>
      {columns.map(({ name, title, isNumber, order: by }) => {
        const isSorted = by !== undefined && by === sorted;
        const sort = isSorted ? (direction === "ASC" ? "ascending" : "descending") : "none";
        const turned = isSorted && direction === "DESC" ? "ASC" : "DESC";
        return (
          // biome-ignore lint/a11y: as above
          <div
            key={name}
            role="columnheader"
            className={isNumber ? styles.figure : styles.cell}
            {...(by && { "aria-sort": sort })}
          >
            {by === undefined ? (
              title
            ) : (
              <button type="button" className={styles.sort} onClick={() => onOrder(`${by} ${turned}`)}>
                {title}
                <span aria-hidden="true">{isSorted ? (direction === "ASC" ? " ↑" : " ↓") : ""}</span>
              </button>
            )}
          </div>
        );
      })}
    </div>
  );
}
