"""What a configured SDK consists of. :mod:`spanfold._internal.setup` makes it, everything else uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry._logs import Logger
    from opentelemetry.trace import Tracer

    from spanfold._internal.lookup import QueryApi


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where spans are made, where events go, whom to ask about models."""

    tracer: Tracer
    event_logger: Logger
    actor: str
    """The service's name, as the author of its events."""
    query_api: QueryApi | None
    """None where nobody is to be asked (in tests without a server)."""


_current: Runtime | None = None


def get() -> Runtime | None:
    """The runtime, or None before the first configuration."""
    return _current


def current() -> Runtime:
    """The runtime of a configured SDK.

    Raises:
        RuntimeError: not configured: public functions see to it first.
    """
    if _current is None:
        message = "spanfold is not configured yet"
        raise RuntimeError(message)
    return _current


def replace(runtime: Runtime | None) -> Runtime | None:
    """Set the runtime; returns the one before."""
    global _current
    before, _current = _current, runtime
    return before
