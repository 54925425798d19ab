import type { CollectorFigures, Operations } from "@/pages/operations/queries";
import { bytes, count, duration, percent } from "@/ui/format";

/** Something that is not as it should be: what, and what to do. */
export interface Alarm {
  level: "bad" | "watch";
  what: string;
  todo: string;
}

/** Below, the collector refuses what is sent (its setting `min_free_disk_bytes`, if nobody changed it). */
const FULL_DISK_BYTES = 1_073_741_824;
const LITTLE_DISK_BYTES = 5 * FULL_DISK_BYTES;
const LITTLE_DISK_SHARE = 0.05;
const LONG_LAG_MS = 60_000;

/** Of all signals. */
export function total(bySignal: Readonly<Record<string, number>>): number {
  return Object.values(bySignal).reduce((sum, value) => sum + value, 0);
}

/** Requests that were refused for this reason. */
export function refused(figures: CollectorFigures, reason: string): number {
  return figures.refused_requests
    .filter((one) => one.reason === reason)
    .reduce((sum, one) => sum + one.count, 0);
}

function ofDisk({ disk_free_bytes: free, disk_total_bytes: size }: Operations["database"]): Alarm[] {
  if (free === null || size === null || size === 0) return [];
  const left = `${bytes(free)} of ${bytes(size)} are free`;
  if (free < FULL_DISK_BYTES)
    return [
      {
        level: "bad",
        what: `The disk is full: ${left}.`,
        todo: "The collector takes nothing in. Make room, or keep traces for fewer days: SPANFOLD_RETENTION_DAYS.",
      },
    ];
  if (free >= LITTLE_DISK_BYTES && free / size >= LITTLE_DISK_SHARE) return [];
  return [
    {
      level: "watch",
      what: `The disk is filling: ${left} (${percent(free / size)}).`,
      todo: `Below ${bytes(FULL_DISK_BYTES)} nothing is taken in any more. Make room, or keep traces for fewer days: SPANFOLD_RETENTION_DAYS.`,
    },
  ];
}

function ofFigures(now: CollectorFigures, first: CollectorFigures | null): Alarm[] {
  const found: Alarm[] = [];
  const dead = total(now.dead_lettered_requests);
  if (dead > 0)
    found.push({
      level: "bad",
      what: `The database refused ${count(dead)} requests for good: they are dead letters.`,
      todo: "Look into the folder dead-letters of the collector's spool for the reason, then delete them there.",
    });
  const overloaded = refused(now, "overloaded") - (first === null ? 0 : refused(first, "overloaded"));
  if (first !== null && overloaded > 0)
    found.push({
      level: "bad",
      what: `${count(overloaded)} requests were refused since you opened this page: there was no room for them.`,
      todo: "Senders try again. If it goes on, the database is too slow or the disk full: see the spool and the disk.",
    });
  const spool = total(now.spool_bytes);
  if (spool > 0) {
    const grows = first !== null && spool > total(first.spool_bytes);
    found.push({
      level: grows ? "bad" : "watch",
      what: `${bytes(spool)} wait on the spool${grows ? ", and it grows" : " to be replayed"}.`,
      todo: "The database was slow or away. Nothing is lost: it is replayed once the database answers. Is it running?",
    });
  }
  return found;
}

function ofCollector({ collector }: Operations, first: Operations | null): Alarm[] {
  if (!collector.reachable || collector.figures === null)
    return [
      {
        level: "bad",
        what: `The collector at ${collector.endpoint} does not answer: ${collector.reason ?? "no reason is known"}.`,
        todo: "Nothing comes in, and scores cannot be stored. Start it, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it is.",
      },
    ];
  return ofFigures(collector.figures, first?.collector.figures ?? null);
}

function ofWork({ ingest, evaluations }: Operations): Alarm[] {
  const found: Alarm[] = [];
  const lag = ingest.buckets.at(-1)?.lag_p95_ms ?? null;
  if (lag !== null && lag > LONG_LAG_MS)
    found.push({
      level: "watch",
      what: `Spans arrive late: 5 % of the last ones more than ${duration(lag)} after they ended.`,
      todo: "Senders hold them back, send old ones again, or have a clock that is wrong. The spool below tells whether it is the server.",
    });
  if (evaluations.monitors_failing > 0)
    found.push({
      level: "bad",
      what: `${count(evaluations.monitors_failing)} of the monitors fail: new traces are not scored.`,
      todo: "Evaluations, Monitors names the reason of each; mostly a key or a budget.",
    });
  if (evaluations.max_waiting > 0 && evaluations.waiting >= evaluations.max_waiting)
    found.push({
      level: "watch",
      what: `${count(evaluations.waiting)} evaluations wait: no more are taken.`,
      todo: "Cancel some, or wait.",
    });
  return found;
}

function ofAccess({ access, gateway }: Operations): Alarm[] {
  const found: Alarm[] = [];
  if (access.loopback_only === false && !access.api_keys)
    found.push({
      level: "bad",
      what: `The server listens on ${access.bind_host}, and asks for no key: whoever reaches it reads everything.`,
      todo: "Let it listen on 127.0.0.1, or put a proxy before it that asks who it is.",
    });
  if (gateway !== null && gateway.error !== null)
    found.push({
      level: "bad",
      what: `The gateway's file ${gateway.file} is not in force as it is now: ${gateway.error}`,
      todo: "The endpoints of before go on. Mend the file: it is taken within a second.",
    });
  const missing = access.provider_keys.filter((key) => key.endpoint !== null && !key.is_set);
  if (missing.length > 0)
    found.push({
      level: "bad",
      what: `No key is set for ${missing.map((key) => `${key.endpoint} (${key.provider})`).join(", ")}.`,
      todo: "Calls of these endpoints fail. Set the variable that the gateway's file names, and start the server anew.",
    });
  return found;
}

/** What needs somebody, the worst first. `first` is what the page was told when it was opened, to see what grows. */
export function alarms(now: Operations, first: Operations | null): Alarm[] {
  const found = [...ofCollector(now, first), ...ofDisk(now.database), ...ofWork(now), ...ofAccess(now)];
  return found.sort((one, other) => Number(one.level === "watch") - Number(other.level === "watch"));
}
