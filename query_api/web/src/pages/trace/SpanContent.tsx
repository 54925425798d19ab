import { useMemo } from "react";
import { documentsOf, type Failure, type Found, failureOf } from "@/pages/trace/facts";
import styles from "@/pages/trace/Panel.module.css";
import type { Span } from "@/pages/trace/tree";
import { count, score } from "@/ui/format";
import { LongText } from "@/ui/LongText";
import { Messages } from "@/ui/Messages";
import { prettyJson } from "@/ui/messageTypes";
import { cut, visible } from "@/ui/visible";

const SHOWN_DOCUMENTS = 50;
const MAX_ID_CHARS = 300;

function FoundView({ found, rank }: { found: Found; rank: number }) {
  const hasFacts = Object.keys(found.metadata).length > 0;
  return (
    <li className={styles.document}>
      <div className="row spread">
        <strong className={styles.name}>
          {rank}. {visible(cut(found.id, MAX_ID_CHARS)) || "(no ID)"}
        </strong>
        {found.score !== null && <span className="number muted">score {score(found.score)}</span>}
      </div>
      {found.content !== "" && <LongText text={found.content} />}
      {hasFacts && (
        <details>
          <summary>Metadata</summary>
          <LongText text={prettyJson(found.metadata)} isCode />
        </details>
      )}
    </li>
  );
}

function Documents({ found }: { found: readonly Found[] }) {
  return (
    <section className={styles.part} aria-label="Documents">
      <h3>
        {count(found.length)} {found.length === 1 ? "document" : "documents"} found
      </h3>
      <ol className={styles.list}>
        {found.slice(0, SHOWN_DOCUMENTS).map((one, index) => (
          <FoundView key={index} found={one} rank={index + 1} />
        ))}
      </ol>
      {found.length > SHOWN_DOCUMENTS && (
        <p className="muted">The first {SHOWN_DOCUMENTS} are shown; the output below has all.</p>
      )}
    </section>
  );
}

function Failed({ span, failure, onEvents }: { span: Span; failure: Failure | null; onEvents: () => void }) {
  return (
    <div className={styles.failed} role="note">
      <strong>{visible(cut(failure?.type || "This span failed", MAX_ID_CHARS))}</strong>
      <LongText text={failure?.message || span.status_message || "It does not say why."} />
      {failure !== null && failure.stack !== "" && (
        <button type="button" className="button small" onClick={onEvents}>
          Stack trace
        </button>
      )}
    </div>
  );
}

/** What went into a span, what it found, and what came out. */
export function SpanContent({ span, onEvents }: { span: Span; onEvents: () => void }) {
  const found = useMemo(() => documentsOf(span), [span]);
  const failure = useMemo(() => span.events.map(failureOf).find((one) => one !== null) ?? null, [span]);
  const isFailed = span.status === "ERROR" || failure !== null;
  if (span.input === null && span.output === null && found === null && !isFailed)
    return (
      <p className="muted">This span recorded neither input nor output. Its attributes may tell more.</p>
    );
  return (
    <div className="stack">
      {isFailed && <Failed span={span} failure={failure} onEvents={onEvents} />}
      <div className={styles.part}>
        <Messages text={span.input} label="Input" hasHeading />
      </div>
      {found !== null && <Documents found={found} />}
      <div className={styles.part}>
        <Messages text={span.output} label="Output" hasHeading />
      </div>
    </div>
  );
}
