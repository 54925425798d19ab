import { Link } from "@tanstack/react-router";
import { failureOf } from "@/pages/trace/facts";
import styles from "@/pages/trace/Panel.module.css";
import type { Span } from "@/pages/trace/tree";
import { CopyButton } from "@/ui/CopyButton";
import { duration } from "@/ui/format";
import { LongText } from "@/ui/LongText";
import { prettyJson } from "@/ui/messageTypes";
import { visible } from "@/ui/visible";

const NS_PER_MS = 1e6;
const SHOWN = 200;

function EventView({ span, event }: { span: Span; event: Span["events"][number] }) {
  const failure = failureOf(event);
  const afterMs = (event.time_unix_ns - span.start_time_unix_ns) / NS_PER_MS;
  const rest = Object.entries(event.attributes).filter(
    ([key]) => failure === null || !/^exception\.(type|message|stacktrace)$/.test(key),
  );
  return (
    <li className={failure === null ? styles.event : styles.exception}>
      <div className="row spread">
        <strong className={styles.name}>{visible(failure?.type || event.name)}</strong>
        <span className="muted">{duration(afterMs)} after the span's start</span>
      </div>
      {failure !== null && failure.message !== "" && <LongText text={failure.message} />}
      {failure !== null && failure.stack !== "" && (
        <>
          <LongText text={failure.stack} isCode />
          <div>
            <CopyButton text={failure.stack} label="Copy the stack trace" />
          </div>
        </>
      )}
      {rest.length > 0 && <LongText text={prettyJson(Object.fromEntries(rest))} isCode />}
    </li>
  );
}

/** What happened during a span, exceptions among it, and which spans elsewhere it is related to. */
export function Events({ span }: { span: Span }) {
  const { events, links } = span;
  return (
    <div className="stack">
      {events.length === 0 && links.length === 0 && (
        <p className="muted">This span has neither events nor links to other spans.</p>
      )}
      {events.length > 0 && (
        <ol className={styles.list} aria-label="Events">
          {events.slice(0, SHOWN).map((event, index) => (
            <EventView key={index} span={span} event={event} />
          ))}
        </ol>
      )}
      {events.length > SHOWN && <p className="muted">The first {SHOWN} are shown; "Copy JSON" has all.</p>}
      {links.length > 0 && (
        <section className={styles.part} aria-label="Links">
          <h3>Links to other spans</h3>
          <ul className={styles.list}>
            {links.slice(0, SHOWN).map((link, index) => (
              <li key={index} className={styles.event}>
                <Link
                  to="/traces/$traceId"
                  params={{ traceId: link.trace_id }}
                  search={{ span: link.span_id }}
                  className="mono"
                >
                  {link.trace_id} / {link.span_id}
                </Link>
                {Object.keys(link.attributes).length > 0 && (
                  <LongText text={prettyJson(link.attributes)} isCode />
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
