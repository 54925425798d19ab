"""Events that the query API sends: it never writes to the database, so they go to the collector as all do."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from spanfold.errors import InvalidArgumentError, ServerUnavailableError
from spanfold.evaluation._sender import EventSender, entity_event
from spanfold_query_api.problems import RETRY_AFTER_S, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spanfold.evaluation._sender import OutgoingEvent

SOURCE: Final = "query_api"
_TIMEOUT_S: Final = 10.0
_VISIBLE_WITHIN_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.02


class Changing(Protocol):
    """The state of an entity."""

    @property
    def last_updated_time_unix_ns(self) -> int:
        """When it was changed last."""
        ...


T = TypeVar("T", bound=Changing)


def await_visible(read: Callable[[], T | None], sent_ns: int) -> T:
    """What ``read`` gives once it shows an event: the collector has that for good, the database in a moment.

    Args:
        read: reads the entity's state; None: there is no event of it yet.
        sent_ns: when the event happened (unix ns).

    Raises:
        ProblemError: the database is behind; what was asked for is recorded all the same.
    """
    deadline = time.monotonic() + _VISIBLE_WITHIN_S
    while True:
        state = read()
        if state is not None and state.last_updated_time_unix_ns >= sent_ns:
            return state
        if time.monotonic() > deadline:
            detail = "this is recorded, but the database is behind: read it in a moment"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "database-behind", detail)
        time.sleep(_LOOK_EVERY_S)


class Outgoing:
    """Sends events to one collector. Any number of threads may use it."""

    def __init__(self, endpoint: str | None = None, *, later: bool = False) -> None:
        """Prepare; nothing is sent yet.

        Args:
            endpoint: the collector's OTLP/HTTP address. Default: as :class:`EventSender` has it.
            later: :meth:`connect` is going to name it; whoever sends before waits for that.
        """
        self._endpoint = endpoint
        self._lock: Final = threading.Lock()
        self._known: Final = threading.Event()
        if endpoint is not None or not later:
            self._known.set()
        self._sender: EventSender | None = None

    @property
    def endpoint(self) -> str | None:
        """The collector's address; None for the one that the environment names."""
        return self._endpoint

    def connect(self, endpoint: str) -> None:
        """Send to this collector from now on, unless one was named at the beginning."""
        with self._lock:
            if self._endpoint is None:
                self._endpoint = endpoint
                self._sender = None
        self._known.set()

    def send(self, events: Sequence[OutgoingEvent]) -> None:
        """Return once the collector has them for good.

        Raises:
            ProblemError: the collector is away, or refuses them for what they say.
        """
        try:
            self._made().send(events)
        except InvalidArgumentError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-event", str(error)) from error
        except ServerUnavailableError as error:
            detail = f"the collector did not take it: {error}"
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "collector-unavailable",
                detail,
                headers={"Retry-After": str(RETRY_AFTER_S)},
            ) from error

    def send_fact(self, event_type: str, stream: str, payload: Mapping[str, Any], *, actor: str = "") -> int:
        """Send one fact about an entity; returns when it happened (unix ns). Raises as :meth:`send`."""
        try:
            event = entity_event(event_type, stream, payload, SOURCE, actor=actor)
        except InvalidArgumentError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-event", str(error)) from error
        self.send([event])
        return event.time_unix_ns

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._sender is not None:
                self._sender.close()
                self._sender = None

    def _made(self) -> EventSender:
        self._known.wait(_TIMEOUT_S)
        with self._lock:
            if self._sender is None:
                self._sender = EventSender(self._endpoint, timeout_s=_TIMEOUT_S, service_name="spanfold")
            return self._sender
