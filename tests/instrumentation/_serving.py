"""Servers of their own processes: started, asked over HTTP, stopped in order."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

START_LIMIT_S = 60
STOP_LIMIT_S = 30


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Service:
    """A service that answers."""

    port: int
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> Any:
        """The JSON or text at a path."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as response:
            text = response.read().decode()
        return json.loads(text) if response.headers.get_content_type() == "application/json" else text

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it in order."""
        self.process.send_signal(number)
        self.process.wait(STOP_LIMIT_S)


@contextmanager
def serving(
    *command: str, port: int, environment: Mapping[str, str], cwd: Path, health: str = "/health"
) -> Iterator[Service]:
    """A service on ``port`` that answers at ``health``, if that is not empty; stopped at the end.

    Raises:
        AssertionError: it ended, or never answered; the message is its log.
    """
    with (
        tempfile.TemporaryFile("w+b") as log,
        subprocess.Popen(command, env=environment, cwd=cwd, stdout=log, stderr=log) as process,
    ):
        service = Service(port, process)
        try:
            deadline = time.monotonic() + START_LIMIT_S
            while health and not _answers(service, health):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise AssertionError(log.read().decode())
                time.sleep(0.1)
            yield service
            if process.poll() is None:
                service.stop()
        finally:
            process.kill()


def _answers(service: Service, path: str) -> bool:
    try:
        service.get(path)
    except (urllib.error.URLError, OSError):
        return False
    return True
