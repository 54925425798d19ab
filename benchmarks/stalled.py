"""Memory of a collector whose database hangs, while clients push far more than it may hold.

    python -m benchmarks.stalled               about 1 minute
    python -m benchmarks.stalled --hold-mb 64 --spool-mb 64 --clients 8

The collector runs with both receivers, in a process of its own, over a database whose inserts never return.
Clients send four times what memory and spool may hold together, and do not send a refused request again.
The rise of the resident memory over the idle process must stay bounded, whatever is sent: bytes that wait in
memory, the group on its way to the spool, and the requests that are being received and judged.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._load import Load, send
from benchmarks._processes import answers, run_server
from benchmarks._traffic import BATCH_SPANS, Traffic

if TYPE_CHECKING:
    from benchmarks._processes import Server

_MB: Final = 1_000_000
_SAMPLE_S: Final = 0.05
_OVERLOAD: Final = 4
"""How many times what may be held is sent."""


class _Peak(threading.Thread):
    """Watches a server's memory."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._done = threading.Event()
        self.rss = 0

    def run(self) -> None:
        """Sample until told to stop."""
        while not self._done.wait(_SAMPLE_S):
            self.rss = max(self.rss, self._server.memory().rss)

    def stop(self) -> int:
        """The highest resident memory seen, in bytes."""
        self._done.set()
        self.join()
        return self.rss


def measure(protocol: str, clients: int, hold_mb: int, spool_mb: int) -> dict[str, Any]:
    """Push against one receiver."""
    request_bytes = len(Traffic(0).request())
    requests = _OVERLOAD * (hold_mb + spool_mb) * _MB // request_bytes // clients
    with tempfile.TemporaryDirectory() as folder:
        directory, log = Path(folder) / "collector", Path(folder) / "log"
        limits = [str(hold_mb * _MB), str(spool_mb * _MB)]
        command = [sys.executable, "-m", "benchmarks._stalled_server", str(directory), *limits]
        addresses: dict[str, int] = {}

        def ready(_: Server) -> bool:
            for line in log.read_text().splitlines():
                if line.startswith('{"port"'):
                    addresses.update(json.loads(line))
                    return answers(f"http://127.0.0.1:{addresses['port']}/ready")
            return False

        with run_server(command, log, ready) as server:
            idle = server.memory().rss
            peak = _Peak(server)
            peak.start()
            port = addresses["port" if protocol == "http" else "grpc_port"]
            load = Load(
                url=f"http://127.0.0.1:{port}",
                protocol=protocol,
                clients=clients,
                requests=requests,
                distinct=8,
            )
            outcome = send(load)
            highest = peak.stop()
            spooled = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    return {
        "receiver": protocol,
        "sent MB": clients * requests * request_bytes / _MB,
        "acknowledged MB": outcome.acknowledged_spans / BATCH_SPANS * request_bytes / _MB,
        "in spool MB": spooled / _MB,
        "refused requests": outcome.refused_requests,
        "idle RSS MB": idle / _MB,
        "peak RSS MB": highest / _MB,
        "rise MB": (highest - idle) / _MB,
        "rise / hold limit": (highest - idle) / _MB / hold_mb,
    }


def main() -> None:
    """Measure and print."""
    parser = _report.parser(__doc__)
    parser.add_argument("--hold-mb", type=int, default=256, help="max_held_bytes (default: %(default)s MB)")
    parser.add_argument("--spool-mb", type=int, default=512, help="spool_max_bytes (default: %(default)s MB)")
    parser.add_argument("--clients", type=int, default=16, help="at the same time (default: %(default)s)")
    options = parser.parse_args()
    rows = [
        measure(protocol, options.clients, options.hold_mb, options.spool_mb) for protocol in ("http", "grpc")
    ]
    _report.show("memory with the database stalled", rows, as_json=options.json)


if __name__ == "__main__":
    main()
