import { memo } from "react";
import type { Segment } from "@/pages/trace/criticalPath";
import { placed, type View } from "@/pages/trace/scale";
import { barColourOf, colourOf, typeName } from "@/pages/trace/spanLook";
import { hasChildren, type Node } from "@/pages/trace/tree";
import styles from "@/pages/trace/Waterfall.module.css";
import { count, duration } from "@/ui/format";
import { cut, visible } from "@/ui/visible";

const MAX_NAME_CHARS = 200;
const INDENT_PX = 14;
/** Deeper levels are told apart by less, so that names stay in sight. */
const WIDE_LEVELS = 10;
const MAX_INDENT_PX = 200;

interface Props {
  id: string;
  node: Node;
  topPx: number;
  view: View;
  isChosen: boolean;
  isClosed: boolean;
  isHit: boolean;
  /** Of the critical path while it is shown; undefined: it is not shown; empty: not on it. */
  segments: readonly Segment[] | undefined;
  onChoose: (index: number) => void;
  onToggle: (index: number) => void;
}

function indentPx(depth: number): number {
  return Math.min(
    MAX_INDENT_PX,
    Math.min(depth, WIDE_LEVELS) * INDENT_PX + Math.max(0, depth - WIDE_LEVELS) * 3,
  );
}

/** Left edge and width of a stretch of time, in percent of the lane. */
function lane(part: [number, number]) {
  return { left: `${part[0] * 100}%`, width: `${(part[1] - part[0]) * 100}%` };
}

function Bar({ node, view, segments }: Pick<Props, "node" | "view" | "segments">) {
  const part = placed(node.startMs, node.endMs, view);
  if (part === null) {
    const isBefore = node.endMs < view.fromMs;
    return (
      <span className={isBefore ? styles.beforeView : styles.afterView}>
        {isBefore ? "◂ earlier" : "later ▸"}
      </span>
    );
  }
  return (
    <>
      <span className={styles.bar} style={{ ...lane(part), background: barColourOf(node.span) }} />
      {segments?.map((segment) => {
        const critical = placed(segment[0], segment[1], view);
        return critical && <span key={segment[0]} className={styles.critical} style={lane(critical)} />;
      })}
    </>
  );
}

/** One span: its name at its depth, and its bar on the time axis. */
export const WaterfallRow = memo(function WaterfallRow(props: Props) {
  const { id, node, topPx, view, isChosen, isClosed, isHit, segments, onChoose, onToggle } = props;
  const { span, index, depth } = node;
  const isParent = hasChildren(node);
  const type = typeName(span);
  const isOff = segments !== undefined && segments.length === 0;
  const classes = [styles.row, isChosen && styles.chosen, isHit && styles.hit, isOff && styles.off];
  return (
    // biome-ignore lint/a11y: the tree has the focus and the keys; a row is its active descendant
    <div
      id={id}
      role="row"
      aria-level={depth + 1}
      aria-selected={isChosen}
      {...(isParent && { "aria-expanded": !isClosed })}
      className={classes.filter(Boolean).join(" ")}
      style={{ transform: `translateY(${topPx}px)` }}
      onClick={() => onChoose(index)}
    >
      {/* biome-ignore lint/a11y: as above */}
      <div role="gridcell" className={styles.name} style={{ paddingLeft: indentPx(depth) }}>
        {isParent ? (
          <button
            type="button"
            tabIndex={-1}
            className={styles.toggle}
            aria-label={isClosed ? "Expand" : "Collapse"}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(index);
            }}
          >
            {isClosed ? "▸" : "▾"}
          </button>
        ) : (
          <span className={styles.leaf} />
        )}
        {span.status === "ERROR" && <span className={styles.error}>error</span>}
        {type !== "" && (
          <span className={styles.type} style={isChosen ? undefined : { color: colourOf(span) }}>
            {visible(cut(type, 16))}
          </span>
        )}
        <span className={styles.label}>{visible(cut(span.name, MAX_NAME_CHARS)) || "(no name)"}</span>
        {isClosed && (
          <span className={styles.below}>
            +{count(node.after - index - 1)}
            {node.errorsBelow > 0 && (
              <span className={styles.belowErrors}> {count(node.errorsBelow)} failed</span>
            )}
          </span>
        )}
      </div>
      {/* biome-ignore lint/a11y: as above */}
      <div role="gridcell" className={styles.duration}>
        {duration(node.endMs - node.startMs)}
      </div>
      {/* biome-ignore lint/a11y: as above */}
      <div role="gridcell" className={styles.lane}>
        <Bar node={node} view={view} segments={segments} />
      </div>
    </div>
  );
});
