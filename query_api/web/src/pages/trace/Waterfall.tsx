import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { CriticalPath } from "@/pages/trace/criticalPath";
import { axisOf, type View } from "@/pages/trace/scale";
import { hasChildren, type Tree } from "@/pages/trace/tree";
import styles from "@/pages/trace/Waterfall.module.css";
import { WaterfallRow } from "@/pages/trace/WaterfallRow";

export const ROW_PX = 26;
const OVERSCAN_ROWS = 10;
const PAGE_ROWS = 20;
/** Room between ticks, and for the text of one. */
const TICK_PX = 85;
const LABEL_PX = 55;
const NOT_ON_IT: readonly [] = [];

interface Props {
  tree: Tree;
  /** Indexes of spans in sight. */
  rows: readonly number[];
  closed: ReadonlySet<number>;
  chosen: number;
  hits: ReadonlySet<number>;
  view: View;
  critical: CriticalPath | null;
  onChoose: (index: number) => void;
  onToggle: (index: number) => void;
  /** Enter: to what the panel says of the chosen span. */
  onEnter: () => void;
}

/** Points of time along the lanes, as many as there is room for. */
function Axis({ view }: { view: View }) {
  const axis = useRef<HTMLDivElement>(null);
  const [widthPx, setWidthPx] = useState(TICK_PX);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidthPx(entry?.contentRect.width ?? TICK_PX));
    if (axis.current !== null) observer.observe(axis.current);
    return () => observer.disconnect();
  }, []);
  const shown = axisOf(view, Math.max(1, Math.floor(widthPx / TICK_PX)));
  return (
    <div ref={axis} className={styles.axis} aria-hidden="true">
      {shown
        .filter(({ share }) => share === 0 || share * widthPx < widthPx - LABEL_PX)
        .map(({ share, text }) => (
          <span key={share} className={styles.tick} style={{ left: `${share * 100}%` }}>
            {text}
          </span>
        ))}
    </div>
  );
}

/** The row that a key leads to, and whether to open or close the chosen one instead. */
function moved(key: string, { tree, rows, closed, chosen }: Props): { to?: number; toggles?: true } | null {
  const at = rows.indexOf(chosen);
  const node = tree.nodes[chosen];
  const row = (index: number) => ({ to: rows[Math.max(0, Math.min(rows.length - 1, index))] });
  switch (key) {
    case "ArrowDown":
      return row(at + 1);
    case "ArrowUp":
      return row(at - 1);
    case "PageDown":
      return row(at + PAGE_ROWS);
    case "PageUp":
      return row(at - PAGE_ROWS);
    case "Home":
      return row(0);
    case "End":
      return row(rows.length - 1);
    case "ArrowRight":
      if (node === undefined || !hasChildren(node)) return {};
      return closed.has(chosen) ? { toggles: true } : row(at + 1);
    case "ArrowLeft":
      if (node === undefined) return {};
      if (hasChildren(node) && !closed.has(chosen)) return { toggles: true };
      return node.parent >= 0 ? { to: node.parent } : {};
    default:
      return null;
  }
}

/** All spans as a tree, with their bars on one axis of time. Only the rows in sight are in the document. */
export function Waterfall(props: Props) {
  const { tree, rows, closed, chosen, hits, view, critical, onChoose, onToggle, onEnter } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_ROWS,
  });
  const at = rows.indexOf(chosen);
  useEffect(() => {
    if (at >= 0) virtualizer.scrollToIndex(at);
  }, [at, virtualizer]);

  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "Enter") onEnter();
    const move = moved(event.key, props);
    if (move === null && event.key !== "Enter") return;
    event.preventDefault();
    if (move?.toggles) onToggle(chosen);
    if (move?.to !== undefined) onChoose(move.to);
  };
  const items = virtualizer.getVirtualItems();
  const isActiveInSight = items.some((item) => item.index === at);
  return (
    <div className={styles.waterfall}>
      <div className={styles.head}>
        <span className={styles.headName}>Span</span>
        <span className={styles.duration}>Duration</span>
        <Axis view={view} />
      </div>
      <div
        ref={scroller}
        role="treegrid"
        aria-label="Spans"
        aria-rowcount={rows.length}
        {...(isActiveInSight && { "aria-activedescendant": `span-${chosen}` })}
        tabIndex={0}
        className={styles.scroller}
        onKeyDown={onKey}
      >
        {/* biome-ignore lint/a11y: as above */}
        <div role="rowgroup" className={styles.rows} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const index = rows[item.index];
            const node = index === undefined ? undefined : tree.nodes[index];
            if (node === undefined || index === undefined) return null;
            return (
              <WaterfallRow
                key={index}
                id={`span-${index}`}
                node={node}
                topPx={item.start}
                view={view}
                isChosen={index === chosen}
                isClosed={closed.has(index)}
                isHit={hits.has(index)}
                segments={critical === null ? undefined : (critical.segments.get(index) ?? NOT_ON_IT)}
                onChoose={onChoose}
                onToggle={onToggle}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
