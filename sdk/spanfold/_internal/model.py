"""A model version as the application sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from spanfold._internal import active

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self


class LoggedModelStatus(StrEnum):
    """How far a model version has come. Each is a string, equal to its name.

    Example:
        >>> LoggedModelStatus.READY == "READY"
        True
    """

    UNSPECIFIED = "UNSPECIFIED"
    """Only spans, tags or metrics tell of it: nothing has created it."""
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True)
class LoggedModel:
    """One version of an application: its identity, and what was recorded about it when it was read.

    It does not change: ask again for a newer state. Timestamps are milliseconds since 1970.

    Example:
        >>> LoggedModel(model_id="m-" + "0" * 32, name="support-v1").model_uri
        'models:/m-00000000000000000000000000000000'
    """

    model_id: str
    """Unique: ``m-`` and 32 hexadecimal digits."""
    name: str
    """What the user called it. Several versions may have the same name."""
    experiment_id: str = "0"
    """The experiment that it belongs to."""
    creation_timestamp: int = 0
    last_updated_timestamp: int = 0
    model_type: str | None = None
    """The user's own classification, such as ``agent``."""
    source_run_id: str | None = None
    """The run that made it."""
    status: str = "READY"
    """``PENDING``, ``READY``, ``FAILED`` or ``UNSPECIFIED``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    status_message: str | None = None
    """Why it ``FAILED``, where that was recorded."""

    def __post_init__(self) -> None:
        """Keep copies of the mappings: whoever changes theirs later does not change this."""
        for name in ("tags", "params", "metrics"):
            given = getattr(self, name)
            if isinstance(given, dict):  # anything else is told about where it is checked
                object.__setattr__(self, name, dict(given))

    @property
    def model_uri(self) -> str:
        """``models:/`` and the ID: how other tools refer to this version."""
        return f"models:/{self.model_id}"


@dataclass(frozen=True)
class ActiveModel(LoggedModel):
    """The model version that traces are linked to, from :func:`spanfold.set_active_model`.

    As a context manager it is active inside the block only: in this task or thread and in those that it
    starts, not in others that run meanwhile. Whatever was active before is active again afterwards.
    """

    def __enter__(self) -> Self:
        """Make this version active in the block."""
        active.enter(self, self.model_id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make active again what was active before the block."""
        active.leave(self)


def from_answer(answer: Mapping[str, Any]) -> LoggedModel:
    """The model in an answer of the query API.

    Raises:
        KeyError: a property that every model has is missing.
    """
    return LoggedModel(
        model_id=answer["model_id"],
        name=answer["name"],
        experiment_id=answer["experiment_id"],
        creation_timestamp=answer["creation_timestamp"],
        last_updated_timestamp=answer["last_updated_timestamp"],
        model_type=answer.get("model_type"),
        source_run_id=answer.get("source_run_id"),
        status=answer["status"],
        status_message=answer.get("status_message"),
        tags=dict(answer.get("tags") or {}),
        params=dict(answer.get("params") or {}),
        metrics=dict(answer.get("metrics") or {}),
    )
