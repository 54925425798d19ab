import { useQueries, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useDeferredValue, useId, useState } from "react";
import { answer, api } from "@/api/client";
import { quoted } from "@/ui/FilterBoxTokens";
import styles from "@/ui/ModelPicker.module.css";
import { conditionOf, isFound, shortId } from "@/ui/models";

interface Props {
  /** Model IDs. */
  value: readonly string[];
  onChange: (modelIds: string[]) => void;
  /** Most versions that can be chosen. */
  max: number;
  label: string;
}

const OFFERED = 20;

/** The name of each version, which is known by its ID or by its name; undefined while it is not known. */
function useNames(references: readonly string[]): (string | undefined)[] {
  return useQueries({
    queries: references.map((reference) => ({
      queryKey: ["models", "named", reference],
      queryFn: ({ signal }: { signal: AbortSignal }) => {
        const text = quoted(reference);
        const query = { filter: `model_id = ${text} OR name = ${text}`, limit: 1 };
        return answer(api.GET("/v1/models", { params: { query }, signal }));
      },
      retry: false,
    })),
    combine: (found) => found.map(({ data }) => data?.models[0]?.name),
  });
}

function Chosen({ value, onChange }: Pick<Props, "value" | "onChange">) {
  const names = useNames(value);
  return value.map((modelId, index) => {
    const name = names[index] ?? shortId(modelId);
    return (
      <span key={modelId} className={styles.chip} title={modelId}>
        <span className="ellipsis">{name}</span>
        {name !== shortId(modelId) && name !== modelId && <code>{shortId(modelId)}</code>}
        <button
          type="button"
          aria-label={`Remove ${name}`}
          onClick={() => onChange(value.filter((one) => one !== modelId))}
        >
          ×
        </button>
      </span>
    );
  });
}

/** Chooses versions by name or ID: type, move with the arrows, take with Enter. */
export function ModelPicker({ value, onChange, max, label }: Props) {
  const [typed, setTyped] = useState("");
  const [isOpen, setIsOpen] = useState(false);
  const [marked, setMarked] = useState(0);
  const listId = useId();
  const filter = conditionOf(useDeferredValue(typed)).slice(0, 4_000);
  const isFull = value.length >= max;
  const offers = useQuery({
    queryKey: ["models", "offers", filter],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/models", {
          params: { query: { limit: OFFERED, ...(filter && { filter }) } },
          signal,
        }),
      ),
    enabled: isOpen,
    placeholderData: (before) => before,
  });
  // Offers of what was typed before stand until new ones come: Enter must not take one that no longer fits.
  const options = (offers.data?.models ?? []).filter(
    (model) => !value.includes(model.model_id) && isFound(model, typed),
  );

  const take = (modelId: string | undefined) => {
    if (modelId === undefined) return;
    onChange(max === 1 ? [modelId] : [...value, modelId]);
    setTyped("");
    setMarked(0);
    setIsOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setIsOpen(true);
      setMarked(Math.max(0, Math.min(options.length - 1, isOpen ? marked + step : 0)));
    } else if (event.key === "Enter" && isOpen) {
      event.preventDefault();
      take(options[marked]?.model_id);
    } else if (event.key === "Escape") {
      setIsOpen(false);
    } else if (event.key === "Backspace" && typed === "") {
      onChange(value.slice(0, -1));
    }
  };

  return (
    <div className={styles.picker}>
      <Chosen value={value} onChange={onChange} />
      {(!isFull || max === 1) && (
        <input
          className={styles.input}
          role="combobox"
          aria-label={label}
          aria-expanded={isOpen}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={isOpen && options[marked] ? `${listId}-${marked}` : undefined}
          placeholder={
            value.length === 0 ? "Name or ID of a version" : max === 1 ? "Another" : "Add a version"
          }
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
            setMarked(0);
            setIsOpen(true);
          }}
          onClick={() => setIsOpen(true)}
          onBlur={() => setIsOpen(false)}
          onKeyDown={onKeyDown}
        />
      )}
      <div
        id={listId}
        role="listbox"
        aria-label={`Versions to choose: ${label}`}
        className={styles.list}
        hidden={!isOpen}
        // The field keeps the focus, so that a press on the list's edge does not close it.
        onMouseDown={(event) => event.preventDefault()}
      >
        {options.map((model, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field's keys choose
          // biome-ignore lint/a11y/useFocusableInteractive: the field marks it (aria-activedescendant)
          <div
            key={model.model_id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === marked}
            className={styles.option}
            onMouseEnter={() => setMarked(index)}
            onClick={() => take(model.model_id)}
          >
            <span className="ellipsis">{model.name}</span>
            {model.name !== model.model_id && <code>{shortId(model.model_id)}</code>}
          </div>
        ))}
        {options.length === 0 && (
          // biome-ignore lint/a11y/useFocusableInteractive: there is nothing to choose
          <div role="option" aria-selected="false" aria-disabled="true" className={styles.none}>
            {offers.error?.message ?? (offers.isFetching ? "Looking…" : "No version has this name or ID.")}
          </div>
        )}
      </div>
    </div>
  );
}
