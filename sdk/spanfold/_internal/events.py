"""Sends events: OTLP log records whose event name is the event's type and whose body is its payload."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import runtime
from spanfold._internal.faults import contained
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import ids, keys
from spanfold_schemas.events import SCHEMA_VERSION, InvalidEventError, check_name, validate_payload

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE: Final = "sdk"
_latest_unix_ns = 0


def _clock() -> int:
    """The time, later at each call: of two writes to one key the second wins, whatever the clock does."""
    global _latest_unix_ns  # noqa: PLW0603 - the clock of the process
    _latest_unix_ns = max(time.time_ns(), _latest_unix_ns + 1)
    return _latest_unix_ns


now_unix_ns = _clock
"""The clock of events; :mod:`spanfold.testing` can stop it."""


def record(event_type: str, stream: str, payload: Mapping[str, Any], time_unix_ns: int | None = None) -> int:
    """Check one event and queue it.

    Returns:
        Its time, in nanoseconds since 1970.

    Raises:
        InvalidArgumentError: the payload cannot be recorded; nothing was.
    """
    check(event_type, payload)
    now = now_unix_ns() if time_unix_ns is None else time_unix_ns
    emit(event_type, stream, payload, now)
    return now


def check(event_type: str, payload: Mapping[str, Any]) -> None:
    """Check what an event is to say.

    Raises:
        InvalidArgumentError: naming the argument and, for a mapping, the key.
    """
    for group in ("params", "tags"):
        entries = payload.get(group)
        for key, value in entries.items() if isinstance(entries, dict) else ():
            if not isinstance(value, str):
                message = (
                    f"{'Parameters' if group == 'params' else 'Tags'} must be strings: "
                    f"{group}[{key!r}] is of type {type(value).__name__}, write {str(value)!r}"
                )
                raise InvalidArgumentError(message)
    try:
        validate_payload(event_type, payload)
    except InvalidEventError as fault:
        raise InvalidArgumentError(str(fault)) from None


def check_text(field_name: str, text: object) -> None:
    """Check what is to name or identify something.

    Raises:
        InvalidArgumentError: it is no text, or text that cannot be stored.
    """
    try:
        check_name(field_name, text)
    except InvalidEventError as fault:
        raise InvalidArgumentError(str(fault)) from None


def emit(event_type: str, stream: str, payload: Mapping[str, Any], time_unix_ns: int) -> None:
    """Queue one event, whose payload the caller has validated; sent soon, or when the collector is back."""
    with contained(f"record {event_type}"):
        from opentelemetry._logs import SeverityNumber  # noqa: PLC0415 - `import spanfold` stays light

        configured = runtime.current()
        configured.event_logger.emit(
            timestamp=time_unix_ns,
            severity_number=SeverityNumber.INFO,
            event_name=event_type,
            body=json.dumps(payload, ensure_ascii=False, allow_nan=False),
            attributes={
                keys.EVENT_ID: ids.new_event_id(time_unix_ns),
                keys.EVENT_STREAM: stream,
                keys.EVENT_SCHEMA_VERSION: SCHEMA_VERSION,
                keys.EVENT_ACTOR: configured.actor,
                keys.EVENT_SOURCE: SOURCE,
            },
        )
