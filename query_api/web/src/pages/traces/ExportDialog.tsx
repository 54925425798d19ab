import { useMutation } from "@tanstack/react-query";
import { exportUrl, fetchCsv, MAX_CSV_ROWS, pythonOf } from "@/pages/traces/exporting";
import styles from "@/pages/traces/Traces.module.css";
import type { Asked } from "@/pages/traces/traceList";
import { CopyButton } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { count } from "@/ui/format";
import { save } from "@/ui/saving";

interface Props {
  asked: Asked;
  chosen: readonly string[];
  isOpen: boolean;
  onClose: () => void;
}

const CSV_TIMEOUT_MS = 120_000;

/** The traces as a file, or as a program that finds them. */
export function ExportDialog({ asked, chosen, isOpen, onClose }: Props) {
  const csv = useMutation({
    mutationFn: async () => {
      const text = await fetchCsv(asked, chosen, AbortSignal.timeout(CSV_TIMEOUT_MS));
      save("traces.csv", "text/csv", text);
    },
  });
  const what = chosen.length > 0 ? `the ${count(chosen.length)} chosen traces` : "all traces found";
  const program = isOpen ? pythonOf(asked, chosen, window.location.origin) : "";
  return (
    <Dialog title={`Export ${what}`} isOpen={isOpen} onClose={onClose}>
      <p>Files have the newest first. Inputs and outputs are whole in JSON lines and CSV.</p>
      <div className="row">
        <a className="button" href={exportUrl(asked, chosen, { format: "jsonl" })} download="traces.jsonl">
          JSON lines
        </a>
        <button type="button" className="button" disabled={csv.isPending} onClick={() => csv.mutate()}>
          {csv.isPending ? "Fetching" : `CSV, at most ${count(MAX_CSV_ROWS)} rows`}
        </button>
      </div>
      {csv.error !== null && <ErrorBox error={csv.error} onRetry={() => csv.mutate()} />}
      <div className="row spread">
        <h3>In Python</h3>
        <CopyButton text={program} />
      </div>
      <pre className={styles.program}>{program}</pre>
    </Dialog>
  );
}
