"""What it costs to take spans: CPU of the whole server from bytes on the socket to queryable rows.

    python -m benchmarks.ingest                    everything, about 10 minutes (the first time: 20)
    python -m benchmarks.ingest --only spanfold    without the published servers, about 2 minutes
    python -m benchmarks.ingest --rounds 1 --spans 16384 --peer-spans 512     to see that it runs

Every server gets the same requests (512 spans of ~1.5 kB, 13 GenAI attributes, 8 spans a trace) from a
process of its own, whose CPU does not count. CPU is that of the server's whole process tree, idle share
subtracted, from the first request until the server is at rest again (queues drained, merges done); lost spans
are counted in its files after it has stopped. The floor is the engine's decoding insert alone, in groups of
4,096 spans: with all views (the floor of the ratios), and into the bare spans table.

mlflow and arize-phoenix are installed, pinned, into environments of their own (--cache-dir). Absolute figures
move with the load of the machine: quote ratios of one run. Of several rounds the cheapest counts.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._engine import Contents, InsertCost, in_fresh_process, measure_inserts, read_contents
from benchmarks._load import Load, send
from benchmarks._peers import MLFLOW, PHOENIX, Peer, default_cache_dir
from benchmarks._processes import answers, free_port, run_server, run_spanfold
from benchmarks._traffic import BATCH_SPANS

if TYPE_CHECKING:
    import argparse

    from benchmarks._load import Outcome
    from benchmarks._processes import Server

FLOOR_GROUP_SPANS: Final = 4_096
_IDLE_S: Final = 3.0
_CASES: Final = (("http", 16), ("grpc", 16), ("http", 1), ("grpc", 1))


@dataclass(frozen=True, slots=True)
class Measured:
    """One load on one server."""

    name: str
    spans: int
    acked_us: float
    """CPU-µs a span when the last request was answered."""
    settled_us: float
    """CPU-µs a span when the server was at rest again."""
    wall_s: float
    p50_ms: float
    p99_ms: float
    disk: float
    """Bytes a span on disk as the server left it."""
    merged_disk: float
    """Bytes a span once merged; the same where nothing merges."""
    lost: int

    def row(self, floor_us: float) -> dict[str, Any]:
        """For the table."""
        return {
            "server": self.name,
            "spans": self.spans,
            "CPU-µs/span": self.settled_us,
            "at last ack": self.acked_us,
            "of floor": self.settled_us / floor_us,
            "spans/s": self.spans / self.wall_s,
            "ack p50 ms": self.p50_ms,
            "p99 ms": self.p99_ms,
            "bytes/span": self.disk,
            "merged": self.merged_disk,
            "lost": self.lost,
        }


def _under_load(server: Server, load: Load) -> tuple[Outcome, float, float]:
    """Send a load; the CPU seconds that it cost until the last answer, and until the server rested."""
    idle = server.idle_share(_IDLE_S)
    began = server.cpu_s()
    outcome = send(load)
    acked = server.cpu_s() - began - idle * outcome.wall_s
    server.settle(idle)
    return outcome, acked, server.cpu_s() - began - idle * outcome.wall_s


def _measured(name: str, load: Load, cost: tuple[Outcome, float, float]) -> Measured:
    outcome, acked, settled = cost
    to_us = 1e6 / load.total_spans
    return Measured(
        name,
        load.total_spans,
        acked * to_us,
        settled * to_us,
        outcome.wall_s,
        outcome.ack_p50_ms,
        outcome.ack_p99_ms,
        0,
        0,
        outcome.acknowledged_spans,
    )


def measure_spanfold(protocol: str, clients: int, spans: int) -> Measured:
    """``spanfold serve`` with its defaults, an empty directory, one load."""
    requests = max(spans // clients // BATCH_SPANS, 1)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with run_spanfold(data, Path(folder) / "log") as server:
            # The first insert pays for what later ones find warm.
            warm = Load(
                url=server.addresses[f"otlp_{protocol}_endpoint"], protocol=protocol, requests=1, seed=99
            )
            send(warm)
            load = replace(warm, clients=clients, requests=requests, seed=clients)
            cost = _under_load(server, load)
        contents: Contents = in_fresh_process(read_contents, data)
    measured = _measured(f"spanfold {protocol}, {clients} client{'s' * (clients > 1)}", load, cost)
    return replace(
        measured,
        disk=sum(contents.bytes_as_is.values()) / contents.spans,
        merged_disk=sum(contents.bytes_merged.values()) / contents.spans,
        lost=measured.lost + BATCH_SPANS - contents.spans,
    )


def _sqlite_bytes(file: Path) -> int:
    return sum(part.stat().st_size for part in file.parent.glob(file.name + "*"))


def measure_peer(peer: Peer, cache_dir: Path, spans: int, *, links: bool = False) -> Measured:
    """A published server on SQLite, an empty directory, one client."""
    python = peer.python(cache_dir)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    load = Load(url=url, requests=max(spans // BATCH_SPANS, 1), headers=dict(peer.headers), links=links)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with run_server(
            [str(python), *peer.arguments(port, directory)],
            directory / "log",
            lambda _: answers(url + peer.ready_path),
            peer.variables(port, directory),
        ) as server:
            send(replace(load, requests=1, spans=8, seed=99))
            server.settle(server.idle_share(_IDLE_S))
            empty = _sqlite_bytes(directory / peer.database)
            cost = _under_load(server, load)
        size = _sqlite_bytes(directory / peer.database) - empty
        with closing(sqlite3.connect(directory / peer.database)) as database:
            (stored,) = database.execute("SELECT count(*) FROM spans").fetchone()
    measured = _measured(f"{peer.requirement}{', version links' * links}", load, cost)
    per_span = size / load.total_spans
    return replace(measured, disk=per_span, merged_disk=per_span, lost=measured.lost + 8 - stored)


def _floor(spans: int, *, derived: bool) -> InsertCost:
    with tempfile.TemporaryDirectory() as folder:
        return in_fresh_process(
            measure_inserts,
            Path(folder),
            group_spans=FLOOR_GROUP_SPANS,
            groups=max(spans // FLOOR_GROUP_SPANS, 1),
            derived=derived,
        )


def _arguments() -> argparse.Namespace:
    parser = _report.parser(__doc__)
    parser.add_argument(
        "--spans", type=int, default=81_920, help="to spanfold, per case (default: %(default)s)"
    )
    parser.add_argument(
        "--peer-spans", type=int, default=5_120, help="to each published server (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds", type=int, default=2, help="repeat spanfold and floor (default: %(default)s)"
    )
    parser.add_argument("--only", choices=("spanfold", "mlflow", "phoenix"), help="leave the others out")
    parser.add_argument(
        "--cache-dir", type=Path, default=default_cache_dir(), help="environments of the others"
    )
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = _arguments()
    floors: dict[bool, InsertCost] = {}
    best: dict[str, Measured] = {}

    def note(measured: Measured) -> None:
        print(f"{measured.name}: {measured.settled_us:.0f} CPU-µs/span", file=sys.stderr)
        known = best.get(measured.name, measured)
        best[measured.name] = min(known, measured, key=lambda one: one.settled_us)

    for _ in range(options.rounds):
        for derived in (True, False):
            cost = _floor(options.spans, derived=derived)
            floors[derived] = min(floors.get(derived, cost), cost, key=lambda one: one.merged_us)
        for protocol, clients in _CASES if options.only in (None, "spanfold") else ():
            note(measure_spanfold(protocol, clients, options.spans))
    if options.only in (None, "mlflow"):
        note(measure_peer(MLFLOW, options.cache_dir, options.peer_spans))
        note(measure_peer(MLFLOW, options.cache_dir, options.peer_spans, links=True))
    if options.only in (None, "phoenix"):
        note(measure_peer(PHOENIX, options.cache_dir, options.peer_spans))
    floor_us = floors[True].merged_us
    alone = [
        {"engine-decode insert alone": name, "CPU-µs/span": floors[derived].merged_us}
        | {"at commit": floors[derived].committed_us, "of floor": floors[derived].merged_us / floor_us}
        for derived, name in ((True, "all tables and views (floor)"), (False, "spans only"))
    ]
    if not options.json:
        print(_report.table(alone))
    rows = [measured.row(floor_us) for measured in best.values()]
    _report.show("ingest, socket to queryable", rows, as_json=options.json, floor_us=floor_us)


if __name__ == "__main__":
    main()
