import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import styles from "@/pages/evaluations/Tabs.module.css";

interface Props<Name extends string> {
  label: string;
  /** Name and text of each. */
  tabs: readonly (readonly [Name, ReactNode])[];
  chosen: Name;
  onChoose: (name: Name) => void;
  children: ReactNode;
}

/** Parts of a page of which one shows: the arrow keys move between them. */
export function Tabs<Name extends string>({ label, tabs, chosen, onChoose, children }: Props<Name>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = tabs.findIndex(([name]) => name === chosen);
    const next = (at + step + tabs.length) % tabs.length;
    const name = tabs[next]?.[0];
    if (name !== undefined) onChoose(name);
    list.current?.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div className="stack">
      <div ref={list} role="tablist" aria-label={label} className={styles.tabs} onKeyDown={onKeyDown}>
        {tabs.map(([name, text]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={name === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={name === chosen ? 0 : -1}
            className={styles.tab}
            onClick={() => onChoose(name)}
          >
            {text}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`} className="stack">
        {children}
      </div>
    </div>
  );
}
