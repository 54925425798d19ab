import { Part } from "@/pages/operations/Facts";
import styles from "@/pages/operations/operations.module.css";
import type { Operations } from "@/pages/operations/queries";
import { bytes, count, percent, UNKNOWN } from "@/ui/format";
import { Time } from "@/ui/Time";

type Database = Operations["database"];

const MEANINGS: Readonly<Record<string, string>> = {
  spans: "Every span, with its prompts and completions",
  logs: "Log records that belong to traces",
  trace_ranges: "Where in time a trace is: makes it quick to find by its ID",
  model_rollups: "Counts of each version by the minute",
  entity_events: "What happened to versions, runs, experiments and prompts",
  entity_slots: "Their state as of now, made from these events",
  entity_slot_writes: "Their state at any instant, made from these events",
  evaluation_events: "Scores, feedback and evaluations, as they came",
  evaluation_scores: "The newest score of each trace, made from these events",
  schema_migrations: "Which migrations of the tables were made",
};

function Tables({ tables }: { tables: Database["tables"] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="scroll-x" tabIndex={0} aria-label="Tables">
      <table className={`plain-table ${styles.tables}`}>
        <thead>
          <tr>
            <th>Table</th>
            <th className="number">Rows</th>
            <th className="number">On disk</th>
            <th className="number">Bytes a row</th>
            <th>Oldest row</th>
            <th>Kept</th>
            <th className="number">Parts</th>
          </tr>
        </thead>
        <tbody>
          {tables.map((table) => (
            <tr key={table.name}>
              <td>
                <code>{table.name}</code>
                <span className={styles.means}>{MEANINGS[table.name]}</span>
              </td>
              <td className="number">{count(table.rows)}</td>
              <td className="number">{bytes(table.bytes_on_disk)}</td>
              <td className="number">{table.rows > 0 ? bytes(table.bytes_on_disk / table.rows) : UNKNOWN}</td>
              <td>{table.oldest_time === null ? UNKNOWN : <Time time={table.oldest_time} form="short" />}</td>
              <td>{table.retention_days === null ? "for good" : `${count(table.retention_days)} days`}</td>
              <td className="number">{count(table.part_count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Disk({ free, size, used }: { free: number; size: number; used: number }) {
  return (
    <div className={styles.disk}>
      <meter
        aria-label={`Free disk: ${bytes(free)} of ${bytes(size)}`}
        min={0}
        max={size}
        low={size * 0.05}
        optimum={size}
        value={free}
      />
      <span>
        <strong>{bytes(free)}</strong> of {bytes(size)} free ({percent(free / size)}); all tables have{" "}
        {bytes(used)}
      </span>
      <span className={styles.means}>
        Below 1.07 GB the collector takes nothing in any more: make room before, or keep traces for fewer days
        (SPANFOLD_RETENTION_DAYS).
      </span>
    </div>
  );
}

/** The database: room on its disk, and what its tables hold for how long. */
export function DatabasePart({ database }: { database: Database }) {
  const { disk_free_bytes: free, disk_total_bytes: size, tables } = database;
  const used = tables.reduce((sum, table) => sum + table.bytes_on_disk, 0);
  const where =
    database.is_embedded === null ? "" : database.is_embedded ? ", in this process" : ", a server";
  return (
    <Part title="Disk and tables" aside={`${database.engine} ${database.version}${where}`}>
      {free === null || size === null ? (
        <p className="muted">The database does not say how much room its disk has.</p>
      ) : (
        <Disk free={free} size={size} used={used} />
      )}
      <Tables tables={tables} />
      <p className={styles.means}>
        Whole days are dropped when they are older than they are kept. Parts are files of a table that are
        merged in the background: hundreds of them mean that merging does not keep up.
      </p>
    </Part>
  );
}
