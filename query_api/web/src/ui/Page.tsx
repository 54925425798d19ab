import { type ReactNode, useEffect } from "react";
import styles from "@/ui/Page.module.css";

interface Props {
  title: string;
  /** What stands beside the title: a period, buttons. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page's title, in the document and in the browser's tab, and its content. */
export function Page({ title, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · spanfold`;
  }, [title]);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1>{title}</h1>
        <div className="row">{actions}</div>
      </div>
      {children}
    </div>
  );
}
