"""The collector's process as a test holds it, and senders that put it under load."""

from __future__ import annotations

import itertools
import json
import selectors
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import grpc
import httpx

from tests.collector._otlp import numbered_traces
from tests.end_to_end._sender import PROTOBUF, TRACES_METHOD, call

if TYPE_CHECKING:
    from types import TracebackType

    from spanfold_schemas.database import Database

ROOT: Final = Path(__file__).resolve().parents[2]
LIMIT_S: Final = 60.0
SPANS_A_REQUEST: Final = 20


@dataclass(slots=True)
class CollectorProcess:
    """A running collector. A context manager: leaving it kills what still runs."""

    process: subprocess.Popen[str]
    grpc_port: int
    http_port: int

    @classmethod
    def start(cls, database: str, directory: Path, **settings: Any) -> Self:
        """Start one, and wait until it serves; settings are those of CollectorSettings."""
        command = [sys.executable, "-m", "tests.faults.collector_process"]
        command += ["--database", database, "--directory", str(directory)]
        for name, value in {"linger_ms": 5, "min_free_disk_bytes": 0, **settings}.items():
            command += ["--set", f"{name}={json.dumps(value)}"]
        # To a file: a pipe that nobody empties would stop the process once it is full.
        log_path = directory.with_name(f"{directory.name}.log")
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if selector.select(LIMIT_S) else ""
        if line:
            return cls(process, **json.loads(line))
        process.kill()
        process.communicate(timeout=LIMIT_S)
        raise StartError(log_path.read_text())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def figure(self, name: str) -> float:
        """One of the collector's own figures, of traces."""
        start = f'spanfold_collector_{name}{{signal="traces"}} '
        lines = httpx.get(f"{self.url}/metrics", timeout=LIMIT_S).text.splitlines()
        return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))

    def wait_until_written(self) -> None:
        """Wait until everything that was acknowledged is in the database."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            roads = httpx.get(f"{self.url}/ready", timeout=LIMIT_S).json()["signals"]
            if roads["traces"] == "database" and self.figure("spool_bytes") == 0:
                return
            time.sleep(0.02)
        raise TimeoutError

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self._reap()

    def terminate(self) -> int:
        """End it in good order; returns its exit status."""
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(LIMIT_S)
        self.process.communicate(timeout=LIMIT_S)  # closes the pipes, and so would end a process that runs
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()


class StartError(Exception):
    """The process ended before it served; the message is what it wrote to standard error."""


@dataclass(slots=True)
class Load:
    """Senders over both protocols. Each request has spans of its own; what was answered is written down."""

    acknowledged: set[int] = field(default_factory=set)
    """First span numbers of requests that were acknowledged."""
    sent: set[int] = field(default_factory=set)
    unanswered: set[int] = field(default_factory=set)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(step=SPANS_A_REQUEST))
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, collector: CollectorProcess, senders: int = 6) -> None:
        """Send what an earlier collector left unanswered once more, then new requests, without pause."""
        self._stopping.clear()
        again = sorted(self.unanswered)
        self._threads = [
            threading.Thread(target=self._send, args=(collector, index % 2 == 0, again[index::senders]))
            for index in range(senders)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for the senders to notice."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(LIMIT_S)
            assert not thread.is_alive()

    def wait_for(self, requests: int) -> None:
        """Wait until so many requests have been acknowledged."""
        deadline = time.monotonic() + LIMIT_S
        while len(self.acknowledged) < requests:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {requests} acknowledged"
            time.sleep(0.01)

    def _send(self, collector: CollectorProcess, over_grpc: bool, again: list[int]) -> None:  # noqa: FBT001 - a thread's
        with (
            httpx.Client(base_url=collector.url, headers=PROTOBUF, timeout=LIMIT_S) as client,
            grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as channel,
        ):
            for number in itertools.chain(again, self._numbers):
                if self._stopping.is_set():
                    return
                body = numbered_traces(number, SPANS_A_REQUEST)
                self.sent.add(number)
                self.unanswered.add(number)
                try:
                    if over_grpc:
                        call(channel, TRACES_METHOD, body)
                    else:
                        client.post("/v1/traces", content=body).raise_for_status()
                except (grpc.RpcError, httpx.HTTPError):
                    if collector.process.poll() is not None:
                        return
                    self._stopping.wait(0.05)  # refused or cut off: a sender waits before it sends again
                else:
                    self.acknowledged.add(number)
                    self.unanswered.discard(number)


def assert_exactly_once(database: Database, load: Load) -> None:
    """Every acknowledged request is there whole and once, and of no other is there a part."""
    sql = "SELECT reinterpretAsUInt64(reverse(SpanId)) - 1 AS number, count() FROM spans GROUP BY number"
    rows = dict(database.query(sql).rows)
    whole = {number for number in load.sent if all(number + n in rows for n in range(SPANS_A_REQUEST))}
    assert load.acknowledged - whole == set()
    assert len(rows) == len(whole) * SPANS_A_REQUEST
    seen = "SELECT count(), uniqExact(TraceId, SpanId) FROM (SELECT * FROM spans LIMIT 1 BY TraceId, SpanId)"
    assert database.query(seen).rows == [(len(rows), len(rows))]
    traces = "SELECT uniqExact(TraceId) FROM spans WHERE TraceId NOT IN (SELECT TraceId FROM trace_ranges)"
    assert database.query(traces).rows == [(0,)]
