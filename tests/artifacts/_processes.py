"""Servers and uploaders as processes, to be killed."""

from __future__ import annotations

import selectors
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
LIMIT_S: Final = 60.0
UPLOAD: Final = """
import sys
from pathlib import Path
from spanfold.artifacts._blobs import digest_of
from spanfold.artifacts._http import HttpStore
store = HttpStore(sys.argv[1], part_bytes=int(sys.argv[3]))
sha256, _ = digest_of(Path(sys.argv[2]))
store.put(sha256, Path(sys.argv[2]), lambda n: print(n, flush=True))
"""


def wait_until(seen: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


@contextmanager
def serving(place: Path, port: int = 0, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server process and its port; killed at the end."""
    command = [sys.executable, "-m", "tests.artifacts.server", "--place", str(place), "--port", str(port)]
    with subprocess.Popen(
        [*command, *options], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                assert selector.select(LIMIT_S), "the server did not start"
            line = process.stdout.readline()
            assert line, "the server ended"
            yield process, int(line)
        finally:
            process.kill()


@contextmanager
def uploading(port: int, file: Path, part_bytes: int) -> Iterator[subprocess.Popen[str]]:
    """A process that uploads a file; killed at the end."""
    command = [sys.executable, "-W", "error", "-c", UPLOAD, f"http://127.0.0.1:{port}", str(file)]
    with subprocess.Popen(
        [*command, str(part_bytes)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()
