import { COLUMNS, columnsOf, USUAL_COLUMNS } from "@/pages/traces/columns";
import styles from "@/pages/traces/Traces.module.css";
import { Dialog } from "@/ui/Dialog";

interface Props {
  columns: string | undefined;
  isOpen: boolean;
  onChange: (columns: string | undefined) => void;
  onClose: () => void;
}

/** Which columns the table has; at least one. */
export function ColumnsDialog({ columns, isOpen, onChange, onClose }: Props) {
  const shown = columnsOf(columns).map(({ name }) => name);
  const set = (names: readonly string[]) => {
    const text = names.join(",");
    onChange(text === USUAL_COLUMNS.join(",") ? undefined : text);
  };
  return (
    <Dialog title="Columns" isOpen={isOpen} onClose={onClose}>
      <div className={styles.choices}>
        {COLUMNS.map(({ name, title }) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={shown.includes(name)}
              disabled={shown.length === 1 && shown[0] === name}
              onChange={({ target }) =>
                set(
                  COLUMNS.map((column) => column.name).filter((one) =>
                    one === name ? target.checked : shown.includes(one),
                  ),
                )
              }
            />
            {title}
          </label>
        ))}
      </div>
      <div className="row">
        <button type="button" className="button small" onClick={() => onChange(undefined)}>
          The usual ones
        </button>
      </div>
    </Dialog>
  );
}
