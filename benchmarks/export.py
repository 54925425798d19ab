"""What an export of everything takes: time, and memory of the server and of the client.

    python -m benchmarks.export                             about 10 minutes
    python -m benchmarks.export --spans 20_000 80_000       to see that it runs

Fills a database, serves it, and reads every trace and every span in a process of its own: as Arrow record
batches, as objects, and as lines of JSON. Memory must not depend on how many there are: the peaks of the
largest size may exceed those of the smallest by a tenth and 64 MiB.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._engine import in_fresh_process
from benchmarks._processes import Server, run_spanfold
from benchmarks.queries import fill
from spanfold_deploy.database import open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES: Final = (400_000, 4_000_000)
READ_TIMEOUT_S: Final = 1_800
MAX_GROWTH: Final = 1.1
SLACK_MIB: Final = 64
_MIB: Final = 2**20
_SAMPLE_S: Final = 0.2

READS: Final = {
    "traces, Arrow": "sum(batch.num_rows for batch in spanfold.arrow_traces())",
    "traces, four columns": "sum(batch.num_rows for batch in spanfold.arrow_traces("
    "columns=['trace_id', 'model_id', 'latency_ms', 'cost_usd']))",
    "traces, objects": "sum(1 for _ in spanfold.iter_traces())",
    "spans, Arrow": "sum(batch.num_rows for batch in spanfold.arrow_traces(rows='spans'))",
    "spans, objects": "sum(1 for _ in spanfold.iter_spans())",
}
CLIENT: Final = """
import json, resource, time
import spanfold
started = time.monotonic()
rows = {read}
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([rows, time.monotonic() - started, usage.ru_maxrss / 1024]))
"""


def fill_directory(directory: Path, spans: int) -> None:
    """Fill the embedded database; for a process of its own, which lets the directory go at its end."""
    database = open_database(f"chdb://{directory}")
    fill(database, spans)
    database.close()


def read(server: Server, what: str) -> dict[str, Any]:
    """Read everything in a process of its own, and watch the server meanwhile."""
    peaks = [server.memory().rss]
    cpu_s = server.cpu_s()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_SAMPLE_S):
            peaks.append(server.memory().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", CLIENT.format(read=READS[what])],
            env={"SPANFOLD_ENDPOINT": server.addresses["api_url"]},
            capture_output=True,
            text=True,
            timeout=READ_TIMEOUT_S,
            check=True,
        )
    finally:
        ended.set()
        watcher.join()
    rows, wall_s, client_mib = json.loads(done.stdout)
    return {
        "rows of": what,
        "rows": rows,
        "wall s": wall_s,
        "server CPU s": server.cpu_s() - cpu_s,
        "server peak MiB": max(peaks) / _MIB,
        "client peak MiB": client_mib,
    }


def measure(spans: int, directory: Path) -> list[dict[str, Any]]:
    """Every way to read so many spans."""
    data = directory / f"data-{spans}"
    in_fresh_process(fill_directory, data, spans)
    with run_spanfold(data, directory / f"log-{spans}") as server:
        return [{"spans": spans, **read(server, what)} for what in READS]


def missed(results: Sequence[dict[str, Any]]) -> list[str]:
    """Peaks that grew with the number of rows."""
    found = []
    for what in READS:
        rows = [row for row in results if row["rows of"] == what]
        first, last = rows[0], rows[-1]
        for who in ("server peak MiB", "client peak MiB"):
            limit = first[who] * MAX_GROWTH + SLACK_MIB
            if last[who] > limit:
                found.append(f"{what}: {who} {last[who]:.0f}, allowed {limit:.0f}")
    return found


def main() -> int:
    """Measure and print; 1 if memory grew."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--spans", type=int, nargs="+", default=SIZES, help="database sizes, ascending")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        results = [row for spans in options.spans for row in measure(spans, Path(directory))]
    grown = missed(results)
    more = {"memory that grew": "; ".join(grown) or "none"}
    _report.show("Exports of everything", results, as_json=options.json, **more)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
