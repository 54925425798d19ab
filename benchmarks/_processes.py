"""Servers as child processes: start, readiness, CPU and memory of the whole process tree, orderly stop.

Reads ``/proc``, so Linux only.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

START_TIMEOUT_S: Final = 240.0
STOP_TIMEOUT_S: Final = 60.0
SETTLE_TIMEOUT_S: Final = 1_800.0
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
_WINDOW_S: Final = 2.0
_QUIET_CPU_SHARE: Final = 0.04
"""A server that uses less of one CPU over a window, beyond its idle share, has nothing left to do."""
_KIB: Final = 1024


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # utime, stime, and those of children that have ended and were waited for.
    return sum(map(int, fields[11:15])) * _TICK_S


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a process tree: resident (shared pages counted in each), and proportional."""

    rss: int
    pss: int


def _memory(pid: int) -> Memory:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return Memory(0, 0)
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return Memory(kib["Rss"] * _KIB, kib["Pss"] * _KIB)


class Server:
    """A running server, with all the processes that it started."""

    def __init__(self, process: subprocess.Popen[bytes], started_at: float) -> None:
        self._process: Final = process
        self._started_at: Final = started_at
        self.start_wall_s = 0.0
        self.start_cpu_s = 0.0
        self.addresses: dict[str, str] = {}
        """What spanfold printed when it was ready."""

    def cpu_s(self) -> float:
        """CPU seconds of the whole tree so far."""
        return sum(_cpu_s(pid) for pid in _tree(self._process.pid))

    def memory(self) -> Memory:
        """Memory of the whole tree now."""
        parts = [_memory(pid) for pid in _tree(self._process.pid)]
        return Memory(sum(part.rss for part in parts), sum(part.pss for part in parts))

    def process_count(self) -> int:
        """Processes in the tree."""
        return sum(1 for _ in _tree(self._process.pid))

    def idle_share(self, seconds: float) -> float:
        """CPU seconds a second, measured over so many seconds in which nobody asks for anything."""
        before = self.cpu_s()
        time.sleep(seconds)
        return (self.cpu_s() - before) / seconds

    def settle(self, idle_share: float) -> None:
        """Return once the server is as quiet as it was before the load: queues drained, merges done.

        Raises:
            TimeoutError: it works on for half an hour.
        """
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while self.idle_share(_WINDOW_S) > idle_share + _QUIET_CPU_SHARE:
            if time.monotonic() > deadline:
                raise TimeoutError("the server does not come to rest")

    def note_ready(self) -> None:
        """Take note of what the start cost."""
        self.start_wall_s = time.monotonic() - self._started_at
        self.start_cpu_s = self.cpu_s()

    def is_alive(self) -> bool:
        """Whether the server's main process runs."""
        return self._process.poll() is None


def _wait(server: Server, is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready():
        if not server.is_alive() or time.monotonic() > deadline:
            message = f"the server did not start; the end of its log:\n{log.read_text()[-2_000:]}"
            raise RuntimeError(message)
        time.sleep(0.02)
    server.note_ready()


def answers(url: str) -> bool:
    """Whether a GET of the address is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def run_server(
    command: Sequence[str],
    log: Path,
    ready: Callable[[Server], bool],
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a server for the length of a ``with`` block: ready at its start, stopped in order at its end."""
    started_at = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(variables or {})},
            start_new_session=True,
        )
    server = Server(process, started_at)
    try:
        _wait(server, lambda: ready(server), log)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT_S)
        # The session is this server's own: whatever it left behind ends too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run_spanfold(
    data: Path, log: Path, variables: Mapping[str, str] | None = None
) -> AbstractContextManager[Server]:
    """``spanfold serve`` on free ports, with its data in ``data``."""
    command = [str(Path(sys.executable).parent / "spanfold"), "serve", "--data", str(data), "--json"]
    for option in ("--api-port", "--otlp-grpc-port", "--otlp-http-port"):
        command += [option, "0"]

    def ready(server: Server) -> bool:
        for line in log.read_text().splitlines():
            if line.startswith("{") and '"ready"' in line:
                server.addresses = json.loads(line)
                return answers(f"{server.addresses['otlp_http_endpoint']}/ready")
        return False

    return run_server(command, log, ready, variables)
