import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import styles from "@/ui/Tabs.module.css";

interface ListProps<Name extends string> {
  label: string;
  /** Name and text of each. */
  tabs: readonly (readonly [Name, ReactNode])[];
  chosen: Name;
  onChoose: (name: Name) => void;
  /** ID of the panel that shows the chosen part; that of a tab is this, `-`, and its name. */
  panelId: string;
}

/** The heads of parts of which one shows: the arrow keys move between them. */
export function TabList<Name extends string>({ label, tabs, chosen, onChoose, panelId }: ListProps<Name>) {
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
    <div ref={list} role="tablist" aria-label={label} className={styles.tabs} onKeyDown={onKeyDown}>
      {tabs.map(([name, text]) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`${panelId}-${name}`}
          aria-selected={name === chosen}
          aria-controls={panelId}
          tabIndex={name === chosen ? 0 : -1}
          className={styles.tab}
          onClick={() => onChoose(name)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** Parts of a page of which one shows, under their heads. */
export function Tabs<Name extends string>({
  children,
  ...list
}: Omit<ListProps<Name>, "panelId"> & { children: ReactNode }) {
  const panelId = useId();
  return (
    <div className="stack">
      <TabList {...list} panelId={panelId} />
      <div role="tabpanel" id={panelId} aria-labelledby={`${panelId}-${list.chosen}`} className="stack">
        {children}
      </div>
    </div>
  );
}
