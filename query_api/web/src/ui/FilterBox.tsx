import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useEffect, useId, useMemo, useRef, useState } from "react";
import { answer, api } from "@/api/client";
import type { Period } from "@/api/period";
import { ProblemError } from "@/api/problem";
import styles from "@/ui/FilterBox.module.css";
import { FilterError } from "@/ui/FilterBoxError";
import { type Suggestion, useSuggestions } from "@/ui/FilterBoxSuggestions";
import { placeAt } from "@/ui/FilterBoxTokens";

interface Props {
  /** The filter in force. */
  value: string;
  /** Called with a filter that the server understands; empty for none. */
  onSubmit: (filter: string) => void;
  /** Whose values are suggested. */
  period: Period;
  label: string;
  /** To focus it from elsewhere. */
  inputRef?: RefObject<HTMLInputElement | null>;
}

const PLACEHOLDER = "Filter, such as status = 'ERROR' AND latency_ms > 500";
const LONG_AGO = "1970-01-02T00:00:00Z";

/** The server's opinion of a filter. It is asked about a time without traces, so that nothing is searched. */
function useFault(filter: string) {
  return useQuery({
    queryKey: ["filter-fault", filter],
    queryFn: async ({ signal }) => {
      try {
        const query = { filter, end: LONG_AGO, limit: 1 };
        await answer(api.GET("/v1/traces", { params: { query }, signal }));
        return null;
      } catch (error) {
        if (error instanceof ProblemError && error.status === 422) return error;
        throw error;
      }
    },
    enabled: filter.trim() !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Asks for a filter: completes fields, operators and values, and shows what is wrong where it is wrong. */
export function FilterBox({ value, onSubmit, period, label, inputRef }: Props) {
  const own = useRef<HTMLInputElement>(null);
  const input = inputRef ?? own;
  const [draft, setDraft] = useState(value);
  // What was entered, until the server has approved of it; null: the filter in force is.
  const [entered, setEntered] = useState<string | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [active, setActive] = useState(-1);
  const listId = useId();
  const errorId = useId();
  useEffect(() => {
    setDraft(value);
    setEntered(null);
  }, [value]);

  const checked = entered ?? value;
  const fault = useFault(checked);
  const isApproved = checked.trim() === "" || (fault.isFetched && fault.data == null);
  const isWrong = checked === draft && fault.data instanceof ProblemError;
  useEffect(() => {
    if (entered === null || !isApproved) return;
    setEntered(null);
    onSubmit(entered.trim());
  }, [entered, isApproved, onSubmit]);

  const place = useMemo(() => (cursor === null ? null : placeAt(draft, cursor)), [draft, cursor]);
  const suggestions = useSuggestions(place, period);
  const isOpen = place !== null && suggestions.length > 0;

  const write = (text: string, at: number) => {
    setDraft(text);
    setCursor(at);
    setActive(-1);
    // The field has its new text only after it was drawn.
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
  };
  const take = (suggestion: Suggestion) => {
    if (place === null) return;
    const isKey = place.expects === "key" && place.field?.name !== "span";
    const before = draft.slice(0, place.from);
    const rest = draft.slice(place.to);
    const text = isKey ? `${before.replace(/\.$/, "[")}${suggestion.text}] ` : `${before}${suggestion.text}`;
    const follows = isKey ? rest.replace(/^\s*\]/, "") : rest;
    write(`${text}${text.endsWith(" ") ? follows.trimStart() : follows}`, text.length);
    input.current?.focus();
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = suggestions[active];
    if (move !== undefined && isOpen) {
      setActive(((active + 1 + move + suggestions.length + 1) % (suggestions.length + 1)) - 1);
    } else if ((event.key === "Enter" || event.key === "Tab") && isOpen && chosen !== undefined) {
      take(chosen);
    } else if (event.key === "Enter") {
      setEntered(draft);
      setCursor(null);
    } else if (event.key === "Escape") {
      if (isOpen) setCursor(null);
      else input.current?.blur();
    } else if (event.key === " " && event.ctrlKey) {
      setCursor(input.current?.selectionStart ?? 0);
    } else return;
    event.preventDefault();
  };
  const follow = () => {
    const at = input.current?.selectionStart ?? null;
    if (at !== cursor) {
      setCursor(at);
      setActive(-1);
    }
  };
  return (
    <div className={styles.box}>
      <input
        ref={input}
        className={`field ${styles.input}`}
        role="combobox"
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${listId}-${active}` : undefined}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? errorId : undefined}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        placeholder={PLACEHOLDER}
        value={draft}
        onChange={({ target }) => {
          setDraft(target.value);
          setCursor(target.selectionStart);
          setActive(-1);
        }}
        onClick={follow}
        onFocus={follow}
        onBlur={() => setCursor(null)}
        onKeyDown={onKey}
        onKeyUp={({ key }) => {
          if (/^(Arrow(Left|Right)|Home|End)$/.test(key)) follow();
        }}
      />
      {draft !== "" && (
        <button
          type="button"
          className={`button quiet small ${styles.clear}`}
          onClick={() => {
            setDraft("");
            setEntered("");
          }}
        >
          Clear<span className="visually-hidden"> {label}</span>
        </button>
      )}
      <Suggestions
        id={listId}
        suggestions={isOpen ? suggestions : []}
        active={active}
        onTake={take}
        label={label}
      />
      {isWrong && fault.data && (
        <FilterError
          id={errorId}
          filter={draft}
          error={fault.data}
          onMend={(text, at) => {
            input.current?.focus();
            write(text, at);
          }}
        />
      )}
    </div>
  );
}

interface SuggestionsProps {
  id: string;
  suggestions: readonly Suggestion[];
  active: number;
  onTake: (suggestion: Suggestion) => void;
  label: string;
}

function Suggestions({ id, suggestions, active, onTake, label }: SuggestionsProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <div
      ref={list}
      id={id}
      role="listbox"
      aria-label={`Suggestions for ${label}`}
      className={styles.list}
      hidden={suggestions.length === 0}
    >
      {suggestions.map((suggestion, index) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the active one
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field's keys do it
        <div
          key={`${suggestion.label}/${index}`}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={styles.option}
          // A press must not take the focus from the field.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(suggestion)}
        >
          <span className="ellipsis">{suggestion.label}</span>
          <span className={`${styles.detail} ellipsis`}>{suggestion.detail}</span>
        </div>
      ))}
    </div>
  );
}
