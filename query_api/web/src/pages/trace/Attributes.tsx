import { Link } from "@tanstack/react-router";
import { useState } from "react";
import styles from "@/pages/trace/Panel.module.css";
import type { Span } from "@/pages/trace/tree";
import { CopyButton } from "@/ui/CopyButton";
import { quoted } from "@/ui/FilterBoxTokens";
import { LongText } from "@/ui/LongText";
import { prettyJson } from "@/ui/messageTypes";
import { visible } from "@/ui/visible";

type Values = Readonly<Record<string, unknown>>;

/** Longer values make filters that nobody can read. */
const MAX_FILTER_CHARS = 300;

/** A filter for traces with the same value; null where it would not be one. */
export function filterOf(map: string, key: string, value: unknown): string | null {
  const text = typeof value === "string" ? value : prettyJson(value);
  return text.length > MAX_FILTER_CHARS ? null : `span.${map}[${quoted(key)}] = ${quoted(text)}`;
}

function Group({
  name,
  values,
  map,
  text,
}: {
  name: string;
  values: Values;
  map: string | null;
  text: string;
}) {
  const asked = text.toLowerCase();
  const all = Object.entries(values).map(([key, value]) => [key, prettyJson(value)] as const);
  const shown = all.filter(([key, value]) => `${key}\n${value}`.toLowerCase().includes(asked));
  if (all.length === 0) return null;
  return (
    <section className={styles.part} aria-label={name}>
      <h3>{name}</h3>
      {shown.length === 0 && <p className="muted">None of {all.length} has that text</p>}
      <dl className={styles.attributes}>
        {shown.map(([key, value]) => {
          const filter = map === null ? null : filterOf(map, key, value);
          return (
            <div key={key} className={styles.attribute}>
              <dt className="mono">{visible(key)}</dt>
              <dd>
                <LongText text={value} />
              </dd>
              <dd className={styles.actions}>
                <CopyButton text={value} />
                {filter !== null && (
                  <Link to="/traces" search={{ filter }} className="button small" title={filter}>
                    Filter
                  </Link>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

/** All that a span says of itself, of what recorded it and where it ran. */
export function Attributes({ span }: { span: Span }) {
  const [text, setText] = useState("");
  const { scope } = span;
  const own = { "span.id": span.span_id, "parent.id": span.parent_span_id ?? "none", kind: span.kind };
  const named = { name: scope.name, version: scope.version, ...scope.attributes };
  return (
    <div className="stack">
      <input
        type="search"
        className="field"
        aria-label="Search attributes"
        placeholder="Search attributes"
        value={text}
        onChange={({ target: { value } }) => setText(value)}
      />
      <Group name="Attributes" values={span.attributes} map="attributes" text={text} />
      <Group name="Resource" values={span.resource_attributes} map="resource_attributes" text={text} />
      <Group name="Scope" values={named} map={null} text={text} />
      <Group name="Span" values={own} map={null} text={text} />
    </div>
  );
}
