import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, api } from "@/api/client";
import styles from "@/pages/home/home.module.css";
import { reachedFrom, snippets } from "@/pages/home/snippets";
import { CopyButton } from "@/ui/CopyButton";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";

/** Nothing was ever sent: how to send something. The page watches for it meanwhile. */
export function FirstTrace() {
  const { data, error, refetch } = useQuery({
    queryKey: ["collector"],
    queryFn: async ({ signal }) => (await answer(api.GET("/v1/operations", { signal }))).collector,
  });
  if (error !== null) return <ErrorBox error={error} onRetry={refetch} />;
  if (data === undefined) return <Loading heightPx={480} />;
  const otlp = reachedFrom(data.endpoint, window.location.hostname);
  return (
    <>
      <section className={`card ${styles.waiting}`}>
        <span className={styles.pulse} aria-hidden="true" />
        <div>
          <h2>Waiting for the first trace</h2>
          <p className="muted">
            Nothing has been sent yet. Choose a way below and run it in a terminal: this page notices by
            itself when the trace is here.
          </p>
        </div>
      </section>
      {!data.reachable && (
        <ErrorBox
          error={new Error(`The collector at ${data.endpoint} does not answer: ${data.reason ?? ""}`)}
          onRetry={refetch}
        />
      )}
      <div className={styles.snippets}>
        {snippets(otlp, window.location.origin).map(({ title, text, code }) => (
          <section key={title} className="card stack" aria-label={title}>
            <div className="row spread">
              <h2>{title}</h2>
              <CopyButton text={code} />
            </div>
            <p className="muted">{text}</p>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
            <pre className={styles.code} tabIndex={0}>
              {code}
            </pre>
          </section>
        ))}
      </div>
    </>
  );
}

/** The first trace is here. */
export function FirstArrived({ traceId, name }: { traceId: string; name: string }) {
  return (
    <div role="status" className={styles.arrived}>
      <strong>The first trace has arrived.</strong>
      <Link to="/traces/$traceId" params={{ traceId }} className="button small primary">
        Open {name}
      </Link>
    </div>
  );
}
