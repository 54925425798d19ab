"""When calls may begin, and how long to wait after one that was refused."""

from __future__ import annotations

import random
import threading
import time
from typing import Final

MAX_BACKOFF_S: Final = 30.0
FIRST_BACKOFF_S: Final = 0.5
_RETRY_AFTER_SPREAD: Final = 0.1


class StoppedError(Exception):
    """Nobody waits for the reply any more."""


class Pace:
    """Calls begin evenly spaced, and none begins while the provider asked for a pause."""

    def __init__(self, per_minute: float | None) -> None:
        """Begin at most ``per_minute`` calls; None: as many as are asked for."""
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._turn_s = 0.0
        self._paused_until_s = 0.0
        self._lock = threading.Lock()

    def wait(self, stop: threading.Event) -> None:
        """Wait for a turn.

        Raises:
            StoppedError: ``stop`` was set meanwhile.
        """
        with self._lock:
            turn_s = max(time.monotonic(), self._turn_s)
            self._turn_s = turn_s + self._gap_s
        while (left_s := max(turn_s, self._paused_until_s) - time.monotonic()) > 0:
            if stop.wait(left_s):
                raise StoppedError

    def pause(self, seconds: float) -> None:
        """Nobody begins a call for some time."""
        with self._lock:
            self._paused_until_s = max(self._paused_until_s, time.monotonic() + seconds)


def backoff_s(attempt: int, retry_after_s: float | None) -> float:
    """Seconds to wait after the call ``attempt`` (from 1) was refused.

    What the provider asked for, or twice as long each time; and never the same for two callers, so that
    those who failed together come back apart.
    """
    if retry_after_s is not None:
        return retry_after_s * (1 + random.uniform(0, _RETRY_AFTER_SPREAD))  # noqa: S311 - no secret
    longest_s = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * float(2 ** min(attempt - 1, 10)))
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311
