"""The ``spanfold`` command as a child process: run to its end, or as a server that says when it is ready."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = (sys.executable, "-m", "spanfold_deploy.cli")
FREE_PORTS = ("--api-port", "0", "--otlp-grpc-port", "0", "--otlp-http-port", "0")
TIMEOUT_S = 60


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of spanfold or OpenTelemetry."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPANFOLD_", "OTEL_"))}
    return {**kept, **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; keyword arguments are environment variables."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@dataclass
class Server:
    """A server that is ready, and what it said of itself."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_S)


@contextmanager
def serving(command: str, data: Path | None, *arguments: str, cwd: Path | None = None) -> Iterator[Server]:
    """A server process, killed at the end if it still runs.

    Raises:
        RuntimeError: it ended before it was ready.
    """
    directory = ["--data", str(data)] if data is not None else []
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            [*COMMAND, command, "--json", *directory, *arguments],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=cwd,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(log.read())
            yield Server(process, json.loads(line))
        finally:
            process.kill()
