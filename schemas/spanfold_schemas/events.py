"""Events: what happened to a model version, a run or an experiment, immutable once written.

An event travels as an OTLP log record: its type is the record's event name, its payload the record's
body (JSON text), the rest attributes (:mod:`spanfold_schemas.keys`). State is never sent; it is what
:mod:`spanfold_schemas.fold` makes of a stream of events.
"""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SCHEMA_VERSION: Final = 1
MAX_NAME_CHARS: Final = 500
MAX_ENTRIES: Final = 100
MAX_KEY_CHARS: Final = 250
MAX_VALUE_CHARS: Final = 8_000

UNSPECIFIED: Final = "UNSPECIFIED"
"""Status of what only events of later changes tell of."""
STATUSES: Final = ("PENDING", "READY", "FAILED", UNSPECIFIED)
"""MLflow's status names of a logged model."""
RUN_RUNNING: Final = "RUNNING"
RUN_END_STATUSES: Final = ("FINISHED", "FAILED", "KILLED")
"""MLflow's status names of a run that is over."""

_INT64: Final = range(-(2**63), 2**63)
_LARGEST_JSON_INTEGER: Final = 2**64 - 1
"""Larger ones are numbers to Python's parser of JSON, and a fault to the engine's."""


class InvalidEventError(ValueError):
    """An event that cannot be recorded. ``field`` says where, the message what to change."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.message = message


@dataclass(frozen=True, slots=True, order=False)
class Event:
    """One fact about one stream (a model, a run or an experiment).

    Example:
        >>> Event("0191...", "spanfold.model.deleted", "m-" + "0" * 32, 1_700_000_000_000_000_000).payload
        {}
    """

    event_id: str
    """UUIDv7 as text; breaks ties between events of the same instant."""
    event_type: str
    stream: str
    """The ID of the entity that the event is about."""
    event_time_unix_ns: int
    payload: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    actor: str = ""
    """Who caused it, as far as the sender knows (a user or service name)."""
    source: str = ""
    """What sent it, such as ``sdk`` or ``query_api``."""

    @property
    def order(self) -> tuple[int, str]:
        """The total order in which writes to one key win: later time, then larger ID."""
        return (self.event_time_unix_ns, self.event_id)


def check_name(field_name: str, name: object) -> str:
    """Return ``name`` if it may name a model, a run or an experiment; any script, dots and slashes are fine.

    Raises:
        InvalidEventError: not text, empty, too long, or with control characters or half a character.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidEventError(field_name, "must be text with at least one visible character")
    if len(name) > MAX_NAME_CHARS:
        raise InvalidEventError(
            field_name, f"has {len(name)} characters; at most {MAX_NAME_CHARS} are allowed"
        )
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise InvalidEventError(field_name, "must not contain control characters such as line breaks")
    _check_whole_characters(field_name, name)
    return name


def _check_whole_characters(field_name: str, text: str) -> None:
    """Refuse what no UTF-8 can say: JSON text has a way to write it, databases have none to keep it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(
            field_name, f"character {error.start + 1} is half of a character (a lone surrogate): leave it out"
        ) from None


def _check_entries(field_name: str, entries: object, check_value: Callable[[str, object], None]) -> None:
    if not isinstance(entries, dict):
        raise InvalidEventError(field_name, "must be a mapping from names to values")
    if len(entries) > MAX_ENTRIES:
        raise InvalidEventError(field_name, f"has {len(entries)} entries; at most {MAX_ENTRIES} are allowed")
    for key, value in entries.items():
        if not isinstance(key, str) or not key or len(key) > MAX_KEY_CHARS:
            raise InvalidEventError(
                f"{field_name}[{key!r}]", f"names are text of 1 to {MAX_KEY_CHARS} characters"
            )
        _check_whole_characters(f"{field_name}[{key!r}]", key)
        check_value(f"{field_name}[{key!r}]", value)


def _text_value(field_name: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidEventError(
            field_name, f"must be a string, not {type(value).__name__}: write {json.dumps(str(value))}"
        )
    if len(value) > MAX_VALUE_CHARS:
        raise InvalidEventError(
            field_name, f"has {len(value)} characters; at most {MAX_VALUE_CHARS} are allowed"
        )
    _check_whole_characters(field_name, value)


def _number_value(field_name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidEventError(field_name, f"must be a number, not {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidEventError(field_name, f"must be a finite number, not {value}: leave it out")
    if isinstance(value, int) and not -(2**63) <= value <= _LARGEST_JSON_INTEGER:
        raise InvalidEventError(field_name, "is an integer of more than 64 bits: make it a float")


def _check_optional_text(payload: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if payload.get(name) is not None:
            _text_value(name, payload[name])


def _check_status(payload: Mapping[str, Any], allowed: tuple[str, ...] = STATUSES) -> None:
    if payload.get("status") not in allowed:
        raise InvalidEventError("status", f"must be one of {', '.join(allowed)}")


def _check_texts(*names: str) -> Callable[[Mapping[str, Any]], None]:
    def check(payload: Mapping[str, Any]) -> None:
        for name in names:
            _check_entries(name, payload.get(name), _text_value)

    return check


def _check_metrics(payload: Mapping[str, Any]) -> None:
    _check_entries("metrics", payload.get("metrics"), _number_value)
    step = payload.get("step")
    if step is not None and (isinstance(step, bool) or not isinstance(step, int) or step not in _INT64):
        raise InvalidEventError("step", "must be an integer of at most 64 bits")
    _check_optional_text(payload, "model_id", "source_run_id")


def _check_run_started(payload: Mapping[str, Any]) -> None:
    check_name("experiment_id", payload.get("experiment_id"))
    check_name("run_name", payload.get("run_name"))
    _check_optional_text(payload, "parent_run_id", "user")
    _check_entries("params", payload.get("params", {}), _text_value)
    _check_entries("tags", payload.get("tags", {}), _text_value)


def _check_experiment_created(payload: Mapping[str, Any]) -> None:
    check_name("name", payload.get("name"))
    _check_entries("tags", payload.get("tags", {}), _text_value)


def _check_created(payload: Mapping[str, Any]) -> None:
    check_name("name", payload.get("name"))
    check_name("experiment_id", payload.get("experiment_id"))
    _check_optional_text(payload, "model_type", "source_run_id")
    _check_status(payload)
    _check_entries("params", payload.get("params", {}), _text_value)
    _check_entries("tags", payload.get("tags", {}), _text_value)


def _check_tag_deleted(payload: Mapping[str, Any]) -> None:
    _check_entries("key", {payload.get("key"): ""}, _text_value)


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    keys.EXPERIMENT_CREATED: _check_experiment_created,
    keys.RUN_STARTED: _check_run_started,
    keys.RUN_ENDED: lambda payload: _check_status(payload, RUN_END_STATUSES),
    keys.RUN_PARAMS_LOGGED: _check_texts("params"),
    keys.RUN_METRICS_LOGGED: _check_metrics,
    keys.RUN_TAGS_SET: _check_texts("tags"),
    keys.RUN_TAG_DELETED: _check_tag_deleted,
    keys.MODEL_CREATED: _check_created,
    keys.MODEL_TAGS_SET: _check_texts("tags"),
    keys.MODEL_TAG_DELETED: _check_tag_deleted,
    keys.MODEL_PARAMS_LOGGED: _check_texts("params"),
    keys.MODEL_METRICS_LOGGED: _check_metrics,
    keys.MODEL_STATUS_SET: _check_status,
    keys.MODEL_DELETED: lambda _: None,
    keys.MODEL_RESTORED: lambda _: None,
}

EVENT_TYPES: Final = frozenset(_CHECKS)
"""Every event type that this version writes and folds."""


def validate_payload(event_type: str, payload: object) -> None:
    """Check that ``payload`` says what an event of this type must say.

    Raises:
        InvalidEventError: naming the field and what to change.

    Example:
        >>> validate_payload("spanfold.model.params_logged", {"params": {"k": 3}})
        Traceback (most recent call last):
        ...
        spanfold_schemas.events.InvalidEventError: params['k']: must be a string, not int: write "3"
    """
    check = _CHECKS.get(event_type)
    if check is None:
        raise InvalidEventError(
            "event_name", f"{event_type!r} is not one of {', '.join(sorted(EVENT_TYPES))}"
        )
    if not isinstance(payload, dict):
        raise InvalidEventError("body", "must be a JSON object")
    check(payload)
