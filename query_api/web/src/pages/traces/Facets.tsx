import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { conditionsOf, type Side, toggled, valuesOf, without, withValue } from "@/pages/traces/conditions";
import styles from "@/pages/traces/Facets.module.css";
import {
  chosen,
  FACET_FIELDS,
  type FacetField,
  type FacetValue,
  fieldsOf,
  sideOf,
} from "@/pages/traces/facetFields";
import { type Asked, queryOf } from "@/pages/traces/traceList";
import { ErrorBox } from "@/ui/ErrorBox";
import { fieldText } from "@/ui/FilterBoxTokens";
import { count, score } from "@/ui/format";
import { Loading } from "@/ui/Loading";
import { shortId } from "@/ui/models";
import { cut, visible } from "@/ui/visible";

const FEW = 6;
const MANY = 100;
const SHOWN_CHARS = 200;
const HEIGHT_PX = 480;

interface Props {
  asked: Asked;
  /** It may ask the server now: the table was first. */
  isWanted: boolean;
  onFilter: (filter: string) => void;
}

function useFacets(
  asked: Asked,
  fields: readonly string[],
  limit: number,
  contains: string,
  isWanted: boolean,
) {
  return useQuery({
    queryKey: ["trace-facets", { ...asked, order_by: undefined }, fields, limit, contains],
    queryFn: ({ signal }) => {
      const query = { ...queryOf(asked), order_by: undefined, field: [...fields], limit, contains };
      return answer(api.GET("/v1/traces/facets", { params: { query }, signal }));
    },
    enabled: isWanted,
    placeholderData: (before) => before,
  });
}

/** The most frequent values of some fields; what is chosen is written into the filter, and read from there. */
export function Facets({ asked, isWanted, onFilter }: Props) {
  const filter = asked.filter ?? "";
  const isFree = (facet: FacetField) => without(filter, fieldsOf(facet)) === without(filter, []);
  const free = FACET_FIELDS.filter(isFree).map(({ field }) => field);
  const { data, error, refetch } = useFacets(asked, free, FEW, "", isWanted);
  if (error !== null) return <ErrorBox error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading heightPx={HEIGHT_PX} />;
  return (
    <div className={styles.facets}>
      {FACET_FIELDS.map((facet) => (
        <Facet
          key={facet.field}
          facet={facet}
          asked={asked}
          isWanted={isWanted}
          given={isFree(facet) ? data.facets.find(({ field }) => field === facet.field) : undefined}
          isGiven={isFree(facet)}
          onFilter={onFilter}
        />
      ))}
      {data.scores.map((facet) => (
        <ScoreFacet key={facet.name} facet={facet} filter={filter} onFilter={onFilter} />
      ))}
      {data.sampled && (
        <p className="muted">Counted over the newest {count(data.trace_count)} traces that match.</p>
      )}
    </div>
  );
}

interface FacetProps extends Props {
  facet: FacetField;
  /** Its values where all facets were asked for together: where the filter says nothing about it. */
  given: Schemas["Facet"] | undefined;
  isGiven: boolean;
}

function Facet({ facet, asked, isWanted, given, isGiven, onFilter }: FacetProps) {
  const filter = asked.filter ?? "";
  const [isOpen, setIsOpen] = useState(false);
  const [contains, setContains] = useState("");
  // What its own condition leaves out is offered too: it is counted as if the filter did not say it.
  const free = { ...asked, filter: without(filter, fieldsOf(facet)) };
  const { data } = useFacets(
    free,
    [facet.field],
    isOpen ? MANY : FEW,
    contains,
    isWanted && (isOpen || !isGiven),
  );
  const found = (isOpen || !isGiven ? data?.facets[0] : given) ?? given;
  if (found === undefined) return null;
  const { values, distinct_count } = found;
  const isEmpty = values.every(({ value }) => value === "");
  if (isEmpty && !isOpen && isGiven) return null;
  return (
    <section className={styles.facet} aria-label={facet.title}>
      <div className={styles.title}>
        <h3>{facet.title}</h3>
        {distinct_count > FEW && <span className="muted">{count(distinct_count)} values</span>}
      </div>
      {isOpen && (
        <input
          type="search"
          className={`field ${styles.search}`}
          aria-label={`Find a value of ${facet.title}`}
          placeholder="Find a value"
          value={contains}
          onChange={({ target }) => setContains(target.value)}
        />
      )}
      <ul className={`${styles.values} ${isOpen ? styles.open : ""}`}>
        {values.map((value) => (
          <Value
            key={value.value}
            label={labelOf(value, values)}
            title={value.value}
            traces={value.count}
            side={sideOf(filter, facet, value)}
            onSide={(side) => onFilter(chosen(filter, facet, value, side, values))}
          />
        ))}
      </ul>
      {(distinct_count > FEW || isOpen) && (
        <button
          type="button"
          className={styles.more}
          onClick={() => {
            setIsOpen(!isOpen);
            setContains("");
          }}
        >
          {isOpen ? "Fewer" : "More"}
          <span className="visually-hidden"> values of {facet.title}</span>
        </button>
      )}
    </section>
  );
}

/** What to call a value; where several have one name, their IDs tell them apart. */
function labelOf({ label, value }: FacetValue, among: readonly FacetValue[]): string {
  const isShared = label !== value && among.filter((other) => other.label === label).length > 1;
  return isShared ? `${label} ${shortId(value)}` : visible(cut(label || value, SHOWN_CHARS)) || "(none)";
}

interface ValueProps {
  label: string;
  title?: string;
  traces?: FacetValue["count"];
  side: Side | null;
  onSide: (side: Side) => void;
  canExclude?: boolean;
}

function Value({ label, title, traces, side, onSide, canExclude = true }: ValueProps) {
  return (
    <li className={`${styles.value} ${side === "exclude" ? styles.excluded : ""}`}>
      <button
        type="button"
        className={styles.include}
        title={title}
        aria-pressed={side === "include"}
        onClick={() => onSide("include")}
      >
        <span className="ellipsis">{label}</span>
        {traces !== undefined && <span className={styles.count}>{count(traces)}</span>}
      </button>
      {canExclude && (
        <button
          type="button"
          className={styles.exclude}
          aria-pressed={side === "exclude"}
          aria-label={`Exclude ${label}`}
          title="Exclude"
          onClick={() => onSide("exclude")}
        >
          −
        </button>
      )}
    </li>
  );
}

interface ScoreProps {
  facet: Schemas["ScoreFacet"];
  filter: string;
  onFilter: (filter: string) => void;
}

/** A mean as a filter can say it: rounded to three digits. */
function limitOf(mean: number): string {
  return String(Number(mean.toPrecision(3)));
}

/** A metric: its labels, or what is below and above its mean. */
function ScoreFacet({ facet, filter, onFilter }: ScoreProps) {
  const field = fieldText({ isOfAnySpan: false, name: "scores", key: facet.name });
  const { mean, minimum, maximum, labels } = facet;
  const hasRange = mean !== null && minimum !== maximum && labels.length === 0;
  // Among what a limit leaves, the mean is another: its limits are offered again once this one is gone.
  const inForce = conditionsOf(filter).filter(
    (one) => one.field === null && one.text.startsWith(`${field} `),
  );
  const offered = hasRange ? [`< ${limitOf(mean)}`, `>= ${limitOf(mean)}`] : [];
  const limits = inForce.length > 0 ? inForce.map(({ text }) => text.slice(field.length + 1)) : offered;
  return (
    <section className={styles.facet} aria-label={`Score ${facet.name}`}>
      <div className={styles.title}>
        <h3 className="ellipsis">{facet.name}</h3>
        <span className={styles.count}>{mean === null ? count(facet.count) : `mean ${score(mean)}`}</span>
      </div>
      <ul className={styles.values}>
        {labels.map(({ value, count: traces }) => (
          <Value
            key={value}
            label={value}
            traces={traces}
            side={
              valuesOf(filter, [field], "include").has(value)
                ? "include"
                : valuesOf(filter, [field], "exclude").has(value)
                  ? "exclude"
                  : null
            }
            onSide={(side) => onFilter(withValue(filter, field, value, side))}
          />
        ))}
        {limits.map((limit) => (
          <Value
            key={limit}
            label={limit.replace(">=", "≥")}
            title={`${field} ${limit}`}
            side={inForce.length > 0 ? "include" : null}
            onSide={() => onFilter(toggled(filter, `${field} ${limit}`))}
            canExclude={false}
          />
        ))}
      </ul>
    </section>
  );
}
