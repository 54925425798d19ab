"""Faults that a test can order: what a network, a proxy or a server in trouble does to a request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum


class FaultKind(StrEnum):
    """What happens to a request."""

    REFUSE = "refuse"
    """Nobody listens: new connections are refused, open ones are cut. Lasts until cleared."""
    DELAY = "delay"
    """The statement runs ``seconds`` late; long enough, that is a stalled server."""
    STATUS = "status"
    """``status`` is answered, and nothing runs. With ``code``, as ClickHouse; without, as a proxy."""
    DROP = "drop"
    """The connection is cut before the statement runs."""
    DROP_AFTER = "drop_after"
    """The statement runs, and the connection is cut before the answer: the outcome is unknown."""
    TRUNCATE = "truncate"
    """The statement runs, and the connection is cut in the middle of the answer's body."""


@dataclass(slots=True)
class Fault:
    """One order. It strikes requests whose statement contains ``match``, ``times`` times."""

    kind: FaultKind
    match: str = ""
    times: int | None = None
    seconds: float = 0.0
    status: int = 500
    code: int | None = None
    struck: int = 0


@dataclass(slots=True)
class Faults:
    """The orders in force. Safe to use from any thread."""

    _orders: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cleared: threading.Event = field(default_factory=threading.Event)

    def order(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._orders.append(fault)

    def clear(self) -> None:
        """Lift every fault, and wake the requests that are being delayed."""
        with self._lock:
            self._orders.clear()
            cleared, self._cleared = self._cleared, threading.Event()
        cleared.set()

    def strike(self, statement: str) -> Fault | None:
        """The fault that this statement meets, if any; it has then struck once more."""
        with self._lock:
            for fault in self._orders:
                spent = fault.times is not None and fault.struck >= fault.times
                if not spent and fault.match.lower() in statement.lower():
                    fault.struck += 1
                    return fault
        return None

    def delay(self, seconds: float) -> None:
        """Wait so long, or until the faults are cleared."""
        self._cleared.wait(seconds)
