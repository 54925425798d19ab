import { useMemo } from "react";
import styles from "@/pages/evaluations/Evaluations.module.css";
import type { Shown } from "@/pages/evaluations/Results";
import { CopyButton } from "@/ui/CopyButton";

/** What names came to when it started: of use to programs, and long. */
const RESOLVED = "resolved";

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Members({ members }: { members: Readonly<Record<string, unknown>> }) {
  const said = Object.entries(members).filter(
    ([name, value]) => name !== RESOLVED && value !== null && value !== "",
  );
  if (said.length === 0) return <p className="muted">Nothing but the defaults.</p>;
  return (
    <dl className={styles.facts}>
      {said.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd className="mono">{text(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What was asked for: which traces, which metrics with which parameters, which limits. */
export function Definition({ subject }: Shown) {
  const json = useMemo(() => {
    const { [RESOLVED]: _, ...selection } = subject.selection ?? {};
    const metrics = subject.described.map(({ name, parameters }) => ({ name, parameters }));
    return JSON.stringify({ name: subject.name, selection, metrics, options: subject.options }, null, 2);
  }, [subject]);
  return (
    <div className="stack">
      <div className="row">
        <CopyButton text={subject.id} label="Copy the ID" />
        <CopyButton text={json} label="Copy as JSON" />
        <code>{subject.id}</code>
      </div>
      <section className="card stack">
        <h2>Which traces</h2>
        <Members members={subject.selection ?? {}} />
      </section>
      {subject.described.map((metric) => (
        <section key={text(metric.key)} className="card stack">
          <h2>{text(metric.name)}</h2>
          <Members members={(metric.parameters ?? {}) as Record<string, unknown>} />
        </section>
      ))}
      <section className="card stack">
        <h2>How</h2>
        <Members members={subject.options} />
      </section>
    </div>
  );
}
