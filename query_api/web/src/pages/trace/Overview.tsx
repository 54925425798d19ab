import { type PointerEvent, useEffect, useRef, useState } from "react";
import styles from "@/pages/trace/Overview.module.css";
import { placed, type View } from "@/pages/trace/scale";
import type { Tree } from "@/pages/trace/tree";
import { duration } from "@/ui/format";

const HEIGHT_PX = 44;
/** Errors are never smaller: one among thousands must be seen. */
const ERROR_PX = 3;
/** A shorter movement of the pointer is a click. */
const MIN_BRUSH_PX = 4;

function draw(canvas: HTMLCanvasElement, tree: Tree): void {
  const widthPx = canvas.clientWidth;
  const scale = window.devicePixelRatio || 1;
  canvas.width = widthPx * scale;
  canvas.height = HEIGHT_PX * scale;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(scale, scale);
  const colours = getComputedStyle(canvas);
  const rowPx = HEIGHT_PX / Math.max(tree.nodes.length, 1);
  const barPx = Math.max(1, Math.min(4, rowPx - 0.5));
  const msPx = widthPx / (tree.durationMs || 1);
  // Errors last, so that no other bar hides them.
  for (const isError of [false, true]) {
    context.fillStyle = colours.getPropertyValue(isError ? "--error" : "--border-strong");
    for (const { span, index, startMs, endMs } of tree.nodes)
      if ((span.status === "ERROR") === isError)
        context.fillRect(
          startMs * msPx,
          index * rowPx,
          Math.max(isError ? ERROR_PX : 1, (endMs - startMs) * msPx),
          isError ? Math.max(ERROR_PX, barPx) : barPx,
        );
  }
}

interface Props {
  tree: Tree;
  view: View;
  onView: (view: View) => void;
}

/** The whole trace in small. Drag across it to look at a part of its time; a double click shows all. */
export function Overview({ tree, view, onView }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [brush, setBrush] = useState<[number, number] | null>(null);
  useEffect(() => {
    const shown = canvas.current;
    if (shown === null) return;
    const size = new ResizeObserver(() => draw(shown, tree));
    size.observe(shown);
    // Another theme has other colours, whether it was chosen here or in the system.
    const theme = new MutationObserver(() => draw(shown, tree));
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      size.disconnect();
      theme.disconnect();
    };
  }, [tree]);

  const shareOf = (event: PointerEvent) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / (width || 1)));
  };
  const finish = (event: PointerEvent) => {
    if (brush === null) return;
    const [from, to] = brush[0] < brush[1] ? brush : [brush[1], brush[0]];
    setBrush(null);
    if ((to - from) * event.currentTarget.getBoundingClientRect().width < MIN_BRUSH_PX) return;
    onView({ fromMs: from * tree.durationMs, toMs: to * tree.durationMs });
  };
  const part = brush === null ? placed(view.fromMs, view.toMs, { fromMs: 0, toMs: tree.durationMs }) : brush;
  const [from, to] = part === null ? [0, 1] : [Math.min(...part), Math.max(...part)];
  return (
    <div
      className={styles.overview}
      role="img"
      aria-label={`The whole trace, ${duration(tree.durationMs)}; shown are ${duration(view.fromMs)} to ${duration(view.toMs)}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setBrush([shareOf(event), shareOf(event)]);
      }}
      onPointerMove={(event) => brush !== null && setBrush([brush[0], shareOf(event)])}
      onPointerUp={finish}
      onPointerCancel={() => setBrush(null)}
      onDoubleClick={() => onView({ fromMs: 0, toMs: tree.durationMs })}
    >
      <canvas ref={canvas} className={styles.canvas} />
      <span className={styles.shade} style={{ left: 0, width: `${from * 100}%` }} />
      <span className={styles.shade} style={{ left: `${to * 100}%`, right: 0 }} />
    </div>
  );
}
