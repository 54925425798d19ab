import { refused, total } from "@/pages/operations/alarms";
import { Fact, Facts, Part } from "@/pages/operations/Facts";
import type { CollectorFigures, Operations } from "@/pages/operations/queries";
import { bytes, count, duration } from "@/ui/format";
import { Status } from "@/ui/Status";

const UNITS: Readonly<Record<string, string>> = { traces: "spans", logs: "log records" };

/** "2,225 spans, 1,071 log records". */
function records(bySignal: Readonly<Record<string, number>>): string {
  const said = ["traces", "logs"].map((signal) => `${count(bySignal[signal] ?? 0)} ${UNITS[signal]}`);
  return said.join(", ");
}

function inserts(figures: CollectorFigures): string {
  const done = figures.inserts.reduce((sum, one) => sum + one.count, 0);
  if (done === 0) return "none yet";
  const spent = figures.inserts.reduce((sum, one) => sum + one.count * one.mean_ms, 0);
  return `${duration(spent / done)} each, ${count(done)} so far`;
}

function Taken({ figures }: { figures: CollectorFigures }) {
  const invalid = refused(figures, "invalid");
  const overloaded = refused(figures, "overloaded");
  const rejected = total(figures.rejected_records);
  return (
    <Facts>
      <Fact name="Accepted" value={records(figures.accepted_records)}>
        Acknowledged since it started, {bytes(total(figures.accepted_bytes))}: all of it is durable.
      </Fact>
      <Fact name="Left out" value={records(figures.rejected_records)} isBad={rejected > 0}>
        Faulty ones of requests that were taken otherwise. The sender's log names the first fault.
      </Fact>
      <Fact name="Refused for good" value={`${count(invalid)} requests`} isBad={invalid > 0}>
        Malformed or too large; sending them again does not help. The sender's log says why.
      </Fact>
      <Fact name="Refused for now" value={`${count(overloaded)} requests`} isBad={overloaded > 0}>
        No room in memory, spool or disk: senders try again. If it grows, the database is too slow.
      </Fact>
      <Fact name="Repeated" value={`${count(total(figures.repeated_requests))} requests`}>
        Sent again and recognised: stored once. Many mean that senders time out too early.
      </Fact>
    </Facts>
  );
}

function Written({ figures }: { figures: CollectorFigures }) {
  const spool = total(figures.spool_bytes);
  const dead = total(figures.dead_lettered_requests);
  return (
    <Facts>
      <Fact name="Held in memory" value={bytes(total(figures.held_bytes))}>
        On its way to the database or the spool. Stays high: the database is slow.
      </Fact>
      <Fact name="Spool" value={bytes(spool)} isBad={spool > 0}>
        Durable on disk, waiting for the database. Grows: the database is slow or away.
      </Fact>
      <Fact name="Went over the spool" value={`${count(total(figures.spooled_requests))} requests`}>
        Since it started. Above zero: the database was slow or away for a while.
      </Fact>
      <Fact name="Dead letters" value={`${count(dead)} requests`} isBad={dead > 0}>
        Refused by the database for good, kept in the folder dead-letters of the spool. There should be none.
      </Fact>
      <Fact name="Inserts" value={inserts(figures)}>
        From the call to the commit. Seconds: the disk is slow, or the database busy.
      </Fact>
    </Facts>
  );
}

/** The collector: what it took, what it refused, and what is on its way. */
export function CollectorPart({ collector }: { collector: Operations["collector"] }) {
  const { figures } = collector;
  return (
    <Part
      title="Collector"
      aside={
        <>
          <code>{collector.endpoint}</code> <Status status={collector.reachable ? "ACTIVE" : "FAILING"} />
        </>
      }
    >
      {figures === null ? (
        <p className="muted">It has no figures while it does not answer: {collector.reason}</p>
      ) : (
        <>
          <Taken figures={figures} />
          <Written figures={figures} />
        </>
      )}
    </Part>
  );
}
