"""Events: what happened to a model version, a run, an evaluation, ...; immutable once written.

An event travels as an OTLP log record: its type is the record's event name, its payload the record's
body (JSON text), the rest attributes (:mod:`spanfold_schemas.keys`). State is never sent; it is what
:mod:`spanfold_schemas.fold` makes of a stream of events.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import evaluation_events, keys, prompt_events
from spanfold_schemas.checks import (
    InvalidEventError,
    check_entries,
    check_name,
    check_optional_text,
    number_value,
    text_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "EVENT_TYPES",
    "RUN_END_STATUSES",
    "RUN_RUNNING",
    "SCHEMA_VERSION",
    "STATUSES",
    "UNSPECIFIED",
    "Event",
    "InvalidEventError",
    "check_artifact_path",
    "check_name",
    "validate_payload",
]

SCHEMA_VERSION: Final = 1
UNSPECIFIED: Final = "UNSPECIFIED"
"""Status of what only events of later changes tell of."""
STATUSES: Final = ("PENDING", "READY", "FAILED", UNSPECIFIED)
"""MLflow's status names of a logged model."""
RUN_RUNNING: Final = "RUNNING"
RUN_END_STATUSES: Final = ("FINISHED", "FAILED", "KILLED")
"""MLflow's status names of a run that is over."""

_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True, order=False)
class Event:
    """One fact about one stream (a model, a run, an experiment, an evaluation, a monitor or a trace).

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


def _check_status(payload: Mapping[str, Any], allowed: tuple[str, ...] = STATUSES) -> None:
    if payload.get("status") not in allowed:
        raise InvalidEventError("status", f"must be one of {', '.join(allowed)}")


def _check_texts(*names: str) -> Callable[[Mapping[str, Any]], None]:
    def check(payload: Mapping[str, Any]) -> None:
        for name in names:
            check_entries(name, payload.get(name), text_value)

    return check


def _check_metrics(payload: Mapping[str, Any]) -> None:
    check_entries("metrics", payload.get("metrics"), number_value)
    step = payload.get("step")
    if step is not None and (isinstance(step, bool) or not isinstance(step, int) or step not in _INT64):
        raise InvalidEventError("step", "must be an integer of at most 64 bits")
    check_optional_text(payload, "model_id", "source_run_id")


def _check_run_started(payload: Mapping[str, Any]) -> None:
    check_name("experiment_id", payload.get("experiment_id"))
    check_name("run_name", payload.get("run_name"))
    check_optional_text(payload, "parent_run_id", "user")
    check_entries("params", payload.get("params", {}), text_value)
    check_entries("tags", payload.get("tags", {}), text_value)


def _check_experiment_created(payload: Mapping[str, Any]) -> None:
    check_name("name", payload.get("name"))
    check_entries("tags", payload.get("tags", {}), text_value)


def _check_created(payload: Mapping[str, Any]) -> None:
    check_name("name", payload.get("name"))
    check_name("experiment_id", payload.get("experiment_id"))
    check_optional_text(payload, "model_type", "source_run_id")
    _check_status(payload)
    check_entries("params", payload.get("params", {}), text_value)
    check_entries("tags", payload.get("tags", {}), text_value)


_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def check_artifact_path(field_name: str, path: str) -> None:
    """Refuse what does not stay inside the folder that a model's files are in.

    Raises:
        InvalidEventError: absolute, with ``..``, an empty part, a backslash or a control character.
    """
    check_name(field_name, path)
    parts = path.split("/")
    if "\\" in path or any(part in {"", ".", ".."} for part in parts) or ":" in parts[0]:
        raise InvalidEventError(
            field_name, f"{path!r} is no path inside a folder: write parts/like/this, without '..'"
        )


def _check_artifact(field_name: str, artifact: object) -> None:
    if not isinstance(artifact, dict) or set(artifact) != {"sha256", "size_bytes"}:
        raise InvalidEventError(field_name, "must be a mapping of sha256 and size_bytes, and nothing else")
    if not isinstance(artifact["sha256"], str) or not _SHA256.fullmatch(artifact["sha256"]):
        raise InvalidEventError(f"{field_name}.sha256", "must be 64 hexadecimal digits in lower case")
    size_bytes = artifact["size_bytes"]
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, int) or not 0 <= size_bytes < 2**53:
        raise InvalidEventError(f"{field_name}.size_bytes", "must be a number of bytes")


def _check_artifacts(payload: Mapping[str, Any]) -> None:
    artifacts = payload.get("artifacts")
    check_entries("artifacts", artifacts, _check_artifact)
    for path in artifacts if isinstance(artifacts, dict) else ():
        check_artifact_path("artifacts", path)


def _check_model_status(payload: Mapping[str, Any]) -> None:
    _check_status(payload)
    check_optional_text(payload, "status_message")


def _check_tag_deleted(payload: Mapping[str, Any]) -> None:
    check_entries("key", {payload.get("key"): ""}, text_value)


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
    keys.MODEL_STATUS_SET: _check_model_status,
    keys.MODEL_ARTIFACTS_LOGGED: _check_artifacts,
    keys.MODEL_DELETED: lambda _: None,
    keys.MODEL_RESTORED: lambda _: None,
    **evaluation_events.CHECKS,
    **prompt_events.CHECKS,
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
        spanfold_schemas.checks.InvalidEventError: params['k']: must be a string, not int: write "3"
    """
    check = _CHECKS.get(event_type)
    if check is None:
        raise InvalidEventError(
            "event_name", f"{event_type!r} is not one of {', '.join(sorted(EVENT_TYPES))}"
        )
    if not isinstance(payload, dict):
        raise InvalidEventError("body", "must be a JSON object")
    check(payload)
