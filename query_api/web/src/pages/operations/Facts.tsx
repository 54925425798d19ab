import type { ReactNode } from "react";
import styles from "@/pages/operations/operations.module.css";

interface FactProps {
  name: string;
  value: ReactNode;
  /** One sentence: what it is, and what to do when it is bad. */
  children: ReactNode;
  isBad?: boolean;
}

/** A figure with its name and what it means. */
export function Fact({ name, value, children, isBad = false }: FactProps) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd className={`${styles.value} ${isBad ? styles.bad : ""}`}>{value}</dd>
      <dd className={styles.means}>{children}</dd>
    </div>
  );
}

interface Props {
  title: string;
  /** Beside the title: where it is, which version. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of the page. */
export function Part({ title, aside, children }: Props) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section className={`card ${styles.part}`} aria-labelledby={id}>
      <div className="row spread">
        <h2 id={id}>{title}</h2>
        <span className={`muted ${styles.aside}`}>{aside}</span>
      </div>
      {children}
    </section>
  );
}

/** Figures under each other. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={styles.facts}>{children}</dl>;
}
