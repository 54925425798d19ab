import type { ReactNode } from "react";

/** A card that scrolls sideways where it is wider than its place; the keyboard reaches it. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="card scroll-x" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
