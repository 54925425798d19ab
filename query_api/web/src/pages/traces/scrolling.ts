/** Pixels of one row. */
export const ROW_PX = 36;
/** Browsers draw nothing below some 16 (Firefox) or 33 (Chromium) million pixels: longer lists scroll faster instead. */
const MAX_BODY_PX = 12_000_000;

export interface Place {
  /** Rows in sight. */
  first: number;
  last: number;
  /** How far the list, drawn in full, would be scrolled. */
  offsetPx: number;
  /** Height of what scrolls. */
  bodyPx: number;
}

function scaleOf(totalPx: number, viewPx: number): number {
  return totalPx <= MAX_BODY_PX ? 1 : (totalPx - viewPx) / (MAX_BODY_PX - viewPx);
}

/** Which of `count` rows are in sight. */
export function placeOf(count: number, scrollTop: number, viewPx: number): Place {
  const totalPx = count * ROW_PX;
  const offsetPx = scrollTop * scaleOf(totalPx, viewPx);
  const first = Math.min(Math.max(0, count - 1), Math.max(0, Math.floor(offsetPx / ROW_PX)));
  const last = Math.min(Math.max(0, count - 1), Math.floor((offsetPx + viewPx) / ROW_PX));
  return { first, last: Math.max(first, last), offsetPx, bodyPx: Math.min(totalPx, MAX_BODY_PX) };
}

/** Where to scroll so that a row is in sight; where it is, if it is already. */
export function scrollTopOf(count: number, index: number, scrollTop: number, viewPx: number): number {
  const scale = scaleOf(count * ROW_PX, viewPx);
  const offsetPx = scrollTop * scale;
  const topPx = index * ROW_PX;
  if (topPx < offsetPx) return topPx / scale;
  if (topPx + ROW_PX > offsetPx + viewPx) return (topPx + ROW_PX - viewPx) / scale;
  return scrollTop;
}
