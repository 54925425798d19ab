"""Each model behind an endpoint is a model version, so its traffic can be searched, scored and compared.

A target that names no version gets one by what it is: the endpoint, the provider and the model. Editing the
provider's line of a file is then a new version of the endpoint, and editing it back is the old one again.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from spanfold.evaluation._sender import entity_event
from spanfold_query_api.outgoing import SOURCE, Outgoing
from spanfold_query_api.problems import ProblemError
from spanfold_schemas import ids, keys
from spanfold_schemas.checks import MAX_NAME_CHARS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from spanfold.evaluation._sender import OutgoingEvent
    from spanfold_query_api.gateway.config import Endpoint, RouteTable, Target

_LOGGED: Final = "models:/"
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0
_STOP_WITHIN_S: Final = 2.0
_log: Final = logging.getLogger(__name__)


def version_name(endpoint: Endpoint, target: Target) -> str:
    """What the version of a target is called.

    Example:
        >>> from spanfold_query_api.gateway.config import Endpoint, Target
        >>> target = Target(provider="openai", name="gpt-4o-mini")
        >>> version_name(Endpoint(name="chat", endpoint_type="llm/v1/chat", models=[target]), target)
        'chat/openai/gpt-4o-mini'
    """
    return f"{endpoint.name}/{_shown(target.provider)}/{_shown(target.name)}"[:MAX_NAME_CHARS]


def _shown(text: str) -> str:
    """Without what no name may have: a file can say it."""
    return "".join(char if char.isprintable() else "_" for char in text)


def with_versions(table: RouteTable) -> RouteTable:
    """The table in which every target has the ID of a version.

    A logged model that is named by its ID is that version; what has no ID yet gets the one that its name has
    in the default experiment, on every machine.
    """
    endpoints = [
        endpoint.model_copy(update={"models": [_versioned(endpoint, target) for target in endpoint.models]})
        for endpoint in table.endpoints
    ]
    return table.model_copy(update={"endpoints": endpoints})


def _versioned(endpoint: Endpoint, target: Target) -> Target:
    if target.model_id is not None:
        return target
    logged = target.name.removeprefix(_LOGGED)
    if target.name.startswith(_LOGGED) and ids.is_model_id(logged):
        return target.model_copy(update={"model_id": logged})
    return target.model_copy(update={"model_id": _derived_id(endpoint, target)})


def _derived_id(endpoint: Endpoint, target: Target) -> str:
    return ids.derive_model_id(ids.DEFAULT_EXPERIMENT_ID, version_name(endpoint, target))


def creations(table: RouteTable, told: Container[str] = ()) -> Iterator[tuple[str, OutgoingEvent]]:
    """The event that creates each version that only the gateway knows and has not told, by its ID."""
    for endpoint in table.endpoints:
        for target in endpoint.models:
            model_id = _derived_id(endpoint, target)
            if target.model_id != model_id or model_id in told:  # somebody else's says what it is itself
                continue
            payload = {
                "name": version_name(endpoint, target),
                "experiment_id": ids.DEFAULT_EXPERIMENT_ID,
                "model_type": "endpoint",
                "status": "READY",
                "params": {
                    "endpoint": endpoint.name,
                    "provider": _shown(target.provider),
                    "model": _shown(target.name),
                },
            }
            yield model_id, entity_event(keys.MODEL_CREATED, model_id, payload, SOURCE)


class Versions:
    """Tells the collector of versions, beside the calls: no call waits for it. Any thread may use it."""

    def __init__(self, *, later: bool = False) -> None:
        """Prepare; nothing is sent yet.

        Args:
            later: :meth:`connect` is going to name the collector. Else it is where `OTEL_*` variables say.
        """
        self._outgoing: Final = Outgoing(later=later)
        self._changed: Final = threading.Condition()
        self._waiting: dict[str, OutgoingEvent] = {}
        self._known: Final = set[str]()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def connect(self, endpoint: str | None) -> None:
        """Send to this collector. None: where variables say."""
        if endpoint is not None:
            self._outgoing.connect(endpoint)

    def announce(self, table: RouteTable) -> None:
        """Tell of the versions of a table that is in force now; those of an earlier one were told before."""
        with self._changed:
            if self._is_closed:
                return
            self._waiting.update(creations(table, self._known | self._waiting.keys()))
            if self._waiting and self._thread is None:
                self._thread = threading.Thread(target=self._send, name="gateway-versions", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """Stop; what the collector has not taken by now is told by the next start."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_STOP_WITHIN_S)
        self._outgoing.close()

    def _send(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                events = dict(self._waiting)
            try:
                self._outgoing.send(list(events.values()))
            except ProblemError as error:
                _log.warning("the versions of endpoints are not recorded yet: %s", error)
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closed, wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                continue
            wait_s = _FIRST_WAIT_S
            with self._changed:
                self._known.update(events)
                for model_id in events:
                    self._waiting.pop(model_id, None)
