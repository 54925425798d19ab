import { useQuery } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";
import styles from "@/pages/compare/Compare.module.css";
import type { Compared, Comparison } from "@/pages/compare/verdict";
import { isGitTag } from "@/pages/models/git";
import { Value } from "@/pages/models/StateTables";
import { DiffText } from "@/ui/DiffText";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";

type Row = Schemas["Row"];
type Difference = Schemas["Difference"];

const MAX_CELL_CHARS = 80;

function isLong(text: string | null): boolean {
  return text !== null && (text.includes("\n") || text.length > MAX_CELL_CHARS);
}

interface Sides {
  comparison: Comparison;
  baseline: Compared;
  against: Compared;
}

/** Keys that the versions do not all say the same of: a column a version. Long texts follow below, as differences. */
function RowsTable({
  title,
  rows,
  comparison,
  baseline,
  against,
}: Sides & { title: string; rows: readonly Row[] }) {
  const short = rows.filter(({ values }) => !values.some(isLong));
  const long = rows.filter(({ values }) => values.some(isLong));
  const at = (one: Compared) => comparison.models.findIndex(({ model_id }) => model_id === one.model_id);
  const base = at(baseline);
  return (
    <section className="stack" aria-label={title}>
      <h3>{title}</h3>
      {rows.length === 0 && <p className="muted">All versions say the same.</p>}
      {short.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <section className="scroll-x" tabIndex={0} aria-label={`${title} of all versions`}>
          <table className={`plain-table ${styles.facts}`}>
            <thead>
              <tr>
                <th scope="col">Key</th>
                {comparison.models.map(({ model_id, name }) => (
                  <th key={model_id} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {short.map(({ key, values }) => (
                <tr key={key}>
                  <th scope="row">{key}</th>
                  {values.map((value, index) => (
                    <td key={index} className={value === values[base] ? undefined : styles.differs}>
                      {value === null ? <span className="muted">–</span> : <Value text={value} />}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {long.map(({ key, values }) => (
        <div key={key}>
          <h3>{key}</h3>
          <DiffText
            before={values[base] ?? null}
            after={values[at(against)] ?? null}
            beforeLabel={baseline.name}
            afterLabel={against.name}
          />
        </div>
      ))}
    </section>
  );
}

/** What only two versions are compared by: properties, logged metrics, and all that git says. */
function PairTable({ title, rows }: { title: string; rows: readonly Difference[] }) {
  if (rows.length === 0) return null;
  return (
    <section className="stack" aria-label={title}>
      <h3>{title}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="scroll-x" tabIndex={0} aria-label={`${title}, side by side`}>
        <table className={`plain-table ${styles.facts}`}>
          <tbody>
            {rows.map(({ key, a, b, change }) => (
              <tr key={key}>
                <th scope="row">{key}</th>
                {change === "same" ? (
                  <td colSpan={2}>
                    <Value text={String(a)} /> <span className="muted">in both</span>
                  </td>
                ) : (
                  [a, b].map((value, index) => (
                    <td key={index} className={index === 1 ? styles.differs : undefined}>
                      {value === null ? <span className="muted">–</span> : <Value text={String(value)} />}
                    </td>
                  ))
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

/** What differs between the versions themselves, whatever their traffic. */
export function Differences({ comparison, baseline, against }: Sides) {
  const [a, b] = [baseline.model_id, against.model_id];
  const { data, error, refetch } = useQuery({
    queryKey: ["diff", a, b],
    queryFn: ({ signal }) => answer(api.GET("/v1/diff", { params: { query: { a, b } }, signal })),
  });
  const tags = comparison.tags.filter(({ key }) => !isGitTag(key));
  const sides = { comparison, baseline, against };
  const told = (data?.git ?? []).filter(
    ({ a: one, b: two }) => ![one, two].some((text) => isLong(text as string)),
  );
  const long = (data?.git ?? []).filter((row) => !told.includes(row));
  return (
    <>
      <RowsTable title="Params" rows={comparison.params} {...sides} />
      <RowsTable title="Tags" rows={tags} {...sides} />
      {error && <ErrorBox error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading heightPx={80} />}
      <PairTable title={`Git, ${baseline.name} and ${against.name}`} rows={told} />
      {long.map(({ key, a: before, b: after }) => (
        <div key={key}>
          <h3>{key}</h3>
          <DiffText
            before={before === null ? null : String(before)}
            after={after === null ? null : String(after)}
            beforeLabel={baseline.name}
            afterLabel={against.name}
          />
        </div>
      ))}
      <PairTable title="Logged metrics" rows={data?.metrics ?? []} />
      <PairTable title="Properties" rows={(data?.properties ?? []).filter(({ key }) => key !== "name")} />
    </>
  );
}
