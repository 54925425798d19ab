"""What tracing costs the application: CPU a traced call, and memory of spans that wait to be sent.

    python -m benchmarks.sdk                   about 3 minutes
    python -m benchmarks.sdk --calls 5000      sooner, and noisier

The same function, with the same arguments, is called bare, under the plain OpenTelemetry SDK (which sets
the same attributes by hand), under ``@spanfold.trace`` and under the published ``mlflow-tracing``'s
decorator. All export over OTLP/HTTP to the same sink. SDKs take turns, and the best round of each counts. For
the memory, the sink takes the first request and never answers, so that spans pile up in the SDK's queue.

Budget: a traced call at most 1.2 times the plain SDK's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._peers import MLFLOW_TRACING, default_cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM: Final = Path(__file__).with_name("_sdk_program.py")
SDKS: Final = ("none", "opentelemetry", "spanfold", "mlflow")
QUEUE_SDKS: Final = ("opentelemetry", "spanfold")
"""mlflow-tracing drops what its own queue of 1,000 traces cannot take: there is nothing to compare."""
LEAST_SPAN_BYTES: Final = 100
"""Arguments and result alone take more, uncompressed: an SDK that sent less dropped spans."""
_TIMEOUT_S: Final = 300
_MB: Final = 1e6


@dataclass(slots=True)
class Sink:
    """An OTLP/HTTP endpoint that forgets what it is sent, but for its size."""

    address: str
    received_bytes: int = 0


@contextmanager
def _sink(*, answers: bool) -> Iterator[Sink]:
    """A sink that answers each request, or takes it and never answers."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sink.received_bytes += len(self.rfile.read(int(self.headers["Content-Length"])))
            if not answers:
                stop.wait(_TIMEOUT_S)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def log_error(self, *_: object) -> None:
            """As above."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink = Sink(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield sink
    finally:
        stop.set()
        server.shutdown()
        server.server_close()


def _measure(python: Path, what: str, sdk: str, count: int, address: str) -> dict[str, float]:
    environment = {
        **os.environ,
        "SPANFOLD_ENDPOINT": address,
        # Not OTEL_EXPORTER_OTLP_ENDPOINT: it would have mlflow-tracing send metrics, where it fails.
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{address}/v1/logs",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{address}/v1/traces",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_SERVICE_NAME": "benchmark",
        # Without them mlflow-tracing tries in vain to import its tracking store at each call: 4 ms.
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_EXPERIMENT_ID": "0",
        "OTEL_BSP_MAX_QUEUE_SIZE": str(max(2_048, count + 1_000)) if what == "queue" else "8192",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [str(python), str(PROGRAM), what, sdk, str(count)],
        env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"the program under {sdk} failed:\n{done.stderr[-2_000:]}")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _calls(pythons: dict[str, Path], count: int, rounds: int) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, float]]] = {sdk: [] for sdk in SDKS}
    with _sink(answers=True) as sink:
        for _ in range(rounds):
            for sdk in SDKS:
                before = sink.received_bytes
                found[sdk].append(_measure(pythons[sdk], "calls", sdk, count, sink.address))
                if sdk != "none" and sink.received_bytes - before < count * LEAST_SPAN_BYTES:
                    sys.exit(f"{sdk} did not send its spans: its figure would mean nothing")
    best = {sdk: {key: min(one[key] for one in runs) for key in runs[0]} for sdk, runs in found.items()}
    plain = best["opentelemetry"]
    return [
        {
            "SDK": sdk,
            "caller CPU-us a call": best[sdk]["caller_us"],
            "against plain": best[sdk]["caller_us"] / plain["caller_us"],
            "process CPU-us a call": best[sdk]["process_us"],
            "process against plain": best[sdk]["process_us"] / plain["process_us"],
        }
        for sdk in SDKS
    ]


def _queues(pythons: dict[str, Path], count: int) -> list[dict[str, Any]]:
    with _sink(answers=False) as sink:
        measured = {
            sdk: _measure(pythons[sdk], "queue", sdk, count, sink.address)["queued_bytes"]
            for sdk in QUEUE_SDKS
        }
    return [
        {
            "SDK": sdk,
            "spans queued": count,
            "MB": size / _MB,
            "bytes a span": size / count,
            "against plain": size / measured["opentelemetry"],
        }
        for sdk, size in measured.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = _report.parser(__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="calls a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of each SDK (default: %(default)s)")
    parser.add_argument("--queued", type=int, default=100_000, help="waiting spans (default: %(default)s)")
    parser.add_argument("--cache-dir", type=Path, default=default_cache_dir(), help="peers' environments")
    options = parser.parse_args()
    own = Path(sys.executable)
    pythons = dict.fromkeys(SDKS, own) | {"mlflow": MLFLOW_TRACING.python(options.cache_dir)}
    calls = _calls(pythons, options.calls, options.rounds)
    queues = _queues(pythons, options.queued)
    if not options.json:
        print(_report.table(queues))
    _report.show("cost of a traced call", calls, as_json=options.json, queues=queues)


if __name__ == "__main__":
    main()
