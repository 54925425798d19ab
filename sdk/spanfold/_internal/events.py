"""Sends events: OTLP log records whose event name is the event's type and whose body is its payload."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from spanfold._internal import runtime
from spanfold._internal.faults import contained
from spanfold_schemas import ids, keys
from spanfold_schemas.events import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

now_unix_ns = time.time_ns
"""The clock of events; :mod:`spanfold.testing` can stop it."""

SOURCE = "sdk"


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
