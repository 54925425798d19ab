import type { ProblemError } from "@/api/problem";
import styles from "@/ui/FilterBox.module.css";

interface Props {
  id: string;
  filter: string;
  error: ProblemError;
  /** Called with a better filter, and where the cursor belongs. */
  onMend: (filter: string, cursor: number) => void;
}

interface Fault {
  /** UTF-16 offsets of what is wrong. */
  from: number;
  to: number;
  suggestion: string | null;
}

/** Where the server found something wrong. It counts characters; a string here counts UTF-16 units. */
function faultOf(filter: string, members: Readonly<Record<string, unknown>>): Fault | null {
  if (typeof members.position !== "number") return null;
  const characters = [...filter];
  const from = characters.slice(0, members.position).join("").length;
  const found = typeof members.found === "string" ? members.found : "";
  const isThere = filter.slice(from, from + found.length).toLowerCase() === found.toLowerCase();
  const to = from + (isThere ? found.length : 0);
  return { from, to, suggestion: typeof members.suggestion === "string" ? members.suggestion : null };
}

/** What is wrong with a filter, at its place, and the way to mend it. */
export function FilterError({ id, filter, error, onMend }: Props) {
  const fault = faultOf(filter, error.members);
  return (
    <div id={id} role="alert" className={styles.error}>
      {fault && (
        <code className={styles.shown}>
          {filter.slice(0, fault.from)}
          <mark className={styles.wrong}>{filter.slice(fault.from, fault.to) || " "}</mark>
          {filter.slice(fault.to)}
        </code>
      )}
      <span>{error.message}</span>
      {fault?.suggestion != null && (
        <button
          type="button"
          className="button small"
          onClick={() => {
            const before = `${filter.slice(0, fault.from)}${fault.suggestion}`;
            onMend(`${before}${filter.slice(fault.to)}`, before.length);
          }}
        >
          Write {fault.suggestion}
        </button>
      )}
    </div>
  );
}
