"""The server as tests hold it: a child process with a URL, and faults on order."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

if TYPE_CHECKING:
    from types import TracebackType

    from tests.clickhouse_http.faults import FaultKind

REPOSITORY: Final = Path(__file__).resolve().parents[2]
START_LIMIT_S: Final = 30.0
STOP_LIMIT_S: Final = 30.0


@dataclass(slots=True)
class ClickHouseProcess:
    """A running server. A context manager: leaving it stops the process.

    Example:
        >>> with ClickHouseProcess.start(directory) as server:  # doctest: +SKIP
        ...     database = open_database(server.url)
        ...     server.fault(FaultKind.DELAY, seconds=60, match="INSERT")
    """

    process: subprocess.Popen[bytes]
    directory: Path
    port: int
    control_port: int
    user: str
    password: str

    @classmethod
    def start(
        cls, directory: Path, *, port: int = 0, user: str = "spanfold", password: str = "p@ss:word/1"
    ) -> Self:
        """Start the server on a directory, new or old, and wait until it serves."""
        command = [sys.executable, "-m", "tests.clickhouse_http", "--path", str(directory)]
        command += ["--port", str(port), "--user", user, "--password", password]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if selector.select(START_LIMIT_S) else b""
        if not line:
            process.kill()
            message = f"the server did not start (exit status {process.wait(STOP_LIMIT_S)})"
            raise RuntimeError(message)
        ports = json.loads(line)
        return cls(process, directory, ports["port"], ports["control_port"], user, password)

    @property
    def url(self) -> str:
        """The server as ``open_database`` takes it."""
        user, password = (quote(text, safe="") for text in (self.user, self.password))
        return f"clickhouse://{user}:{password}@127.0.0.1:{self.port}/default"

    def fault(  # noqa: PLR0913  (all by name)
        self,
        kind: FaultKind,
        *,
        match: str = "",
        times: int | None = None,
        seconds: float = 0.0,
        status: int = 500,
        code: int | None = None,
    ) -> None:
        """Put a fault in force; see :class:`tests.clickhouse_http.faults.Fault`."""
        fault = {
            "kind": kind, "match": match, "times": times, "seconds": seconds, "status": status, "code": code
        }  # fmt: skip
        self._control("/faults", json.dumps(fault).encode())

    def clear(self) -> None:
        """Lift every fault."""
        self._control("/clear", b"")

    def _control(self, path: str, body: bytes) -> None:
        url = f"http://127.0.0.1:{self.control_port}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=STOP_LIMIT_S):
            pass

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self._reap()

    def stop(self) -> None:
        """End the process in good order."""
        self.process.terminate()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(STOP_LIMIT_S)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
