import styles from "@/ui/Status.module.css";

const KINDS: Readonly<Record<string, string | undefined>> = {
  OK: styles.ok,
  READY: styles.ok,
  FINISHED: styles.ok,
  ACTIVE: styles.ok,
  better: styles.ok,
  ERROR: styles.error,
  FAILED: styles.error,
  FAILING: styles.error,
  worse: styles.error,
  RUNNING: styles.busy,
  PENDING: styles.busy,
  CANCELLING: styles.busy,
};

/**
 * A status or verdict as a word with a colour; the word alone says it. OpenTelemetry leaves the status of what went
 * well unset, so UNSET is the usual case, and as quiet as the text around it.
 */
export function Status({ status }: { status: string }) {
  if (status === "UNSET") return <span className="muted">{status}</span>;
  return <span className={`${styles.status} ${KINDS[status] ?? ""}`}>{status}</span>;
}
