"""A demo service as a process: it says which port it got, and ends when its parent lets go of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, Final

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 15.0


class ChildError(Exception):
    """A child process ended, or stayed silent, before it was ready."""


def serve_until_orphaned(app: FastAPI) -> None:
    """Serve on a free port until standard input closes, which also happens when the parent is killed.

    Returning normally, rather than by a signal, lets OpenTelemetry flush the last spans.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))

    def watch() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    server.run(sockets=[listener])


class Child:
    """A Python module running as a process whose first line of output is JSON: what it has to say."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str], log: IO[bytes]) -> None:
        self.module: Final = module
        self._process: Final = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the parent, which then stops its children in order
        )

    def ready(self) -> dict[str, Any]:
        """Wait for the first line.

        Raises:
            ChildError: the process ended first, or took more than a minute.
        """
        lines: list[bytes] = []
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it was asked for
        reader = threading.Thread(target=lambda: lines.append(stdout.readline()), daemon=True)
        reader.start()
        reader.join(START_TIMEOUT_S)
        if not lines or not lines[0]:
            message = f"{self.module} did not start"
            raise ChildError(message)
        said: dict[str, Any] = json.loads(lines[0])
        return said

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def let_go(self) -> None:
        """Ask the process to end, by closing its standard input."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def terminate(self) -> None:
        """Ask the process to end, by SIGTERM."""
        self._process.terminate()

    def wait(self, timeout_s: float | None = STOP_TIMEOUT_S) -> int:
        """The exit status, once the process ended; it is killed after ``timeout_s`` (None: never)."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()


def stop_all(children: Sequence[Child]) -> None:
    """End processes, all at the same time, and wait for them."""
    for child in children:
        child.let_go()
    for child in children:
        child.wait()
