import styles from "@/ui/Loading.module.css";

/** Holds the place of what is being asked for, so that nothing jumps when it comes. */
export function Loading({ heightPx = 120 }: { heightPx?: number }) {
  return (
    <div role="status" className={styles.loading} style={{ minHeight: heightPx }}>
      <span className="visually-hidden">Loading</span>
    </div>
  );
}
