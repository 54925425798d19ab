"""A child process that ends when its parent does, however that ends, and whose last words are kept."""

from __future__ import annotations

import collections
import logging
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAST_LINES: Final = 10
MAX_LINE_CHARS: Final = 500
_KILL_AFTER_S: Final = 2.0
_log: Final = logging.getLogger(__name__)


class Child:
    """A process that reads from a pipe which this process holds: when the pipe closes, it is to end."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], name: str) -> None:
        """Start it.

        Args:
            arguments: program and arguments.
            environment: all of it.
            name: what the log calls it.

        Raises:
            OSError: the system does not start it.
        """
        self.name: Final = name
        self._lines: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
        # A session of its own: Ctrl-C at the terminal is for the server, which stops its children in order.
        self._process: Final = subprocess.Popen(  # noqa: S603 - our own module
            list(arguments),
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            close_fds=True,
            start_new_session=True,
        )
        self.pid: Final = self._process.pid
        self._reader: Final = threading.Thread(target=self._read, name=f"{name}-stderr", daemon=True)
        self._reader.start()

    def status(self) -> int | None:
        """Its exit status, negative for the signal that ended it; None while it runs."""
        return self._process.poll()

    def release(self) -> None:
        """Close the pipe, upon which it ends by itself."""
        stdin = self._process.stdin
        if stdin is not None:
            try:
                stdin.close()
            except OSError:
                _log.debug("%s has closed its end already", self.name)

    def stop(self, timeout_s: float) -> None:
        """Return once it has ended: by itself within ``timeout_s``, else killed."""
        self.release()
        try:
            self._process.wait(max(timeout_s, 0.0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def terminate(self) -> None:
        """End it by force."""
        self._process.terminate()
        try:
            self._process.wait(_KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """How it ended, and what it wrote last."""
        self._reader.join(_KILL_AFTER_S)
        status = self._process.returncode
        ended = f"the process ended with status {status}"
        if status is not None and status < 0:
            ended = f"the process was ended by {signal.Signals(-status).name}"
        lines = "\n".join(self._lines)
        return f"{ended}: {lines}" if lines else ended

    def _read(self) -> None:
        stderr = self._process.stderr
        if stderr is None:
            return
        with stderr:
            for raw in stderr:
                line = raw.decode(errors="replace").rstrip()[:MAX_LINE_CHARS]
                if line:
                    self._lines.append(line)
                    _log.info("%s: %s", self.name, line)
