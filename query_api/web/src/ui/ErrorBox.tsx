import { ProblemError } from "@/api/problem";
import styles from "@/ui/ErrorBox.module.css";

interface Props {
  error: Error;
  /** Offers to try again. */
  onRetry?: () => void;
}

/** What went wrong and what to do about it, in the server's words. */
export function ErrorBox({ error, onRetry }: Props) {
  const title = error instanceof ProblemError ? error.title : "This did not work";
  return (
    <div role="alert" className={styles.box}>
      <div>
        <strong>{title}</strong>
        <p>{error.message}</p>
      </div>
      {onRetry && (
        <button type="button" className="button small" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
