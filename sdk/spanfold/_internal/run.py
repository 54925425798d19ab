"""A run as the application sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spanfold._internal import active_run, events
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self


@dataclass(frozen=True)
class RunInfo:
    """What identifies a run, and how far it has come. Times are milliseconds since 1970."""

    run_id: str
    """32 hexadecimal digits."""
    run_name: str
    experiment_id: str = "0"
    status: str = "RUNNING"
    """``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``."""
    start_time: int = 0
    end_time: int | None = None
    """None while it is not known to be over."""
    parent_run_id: str | None = None


@dataclass(frozen=True)
class RunData:
    """What was recorded under a run when it was read."""

    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One execution of something: what went in, what was measured. It does not change: read it again.

    Example:
        >>> Run(RunInfo("ab", "trial 1"), RunData(params={"k": "5"})).data.params["k"]
        '5'
    """

    info: RunInfo
    data: RunData = field(default_factory=RunData)


@dataclass(frozen=True)
class ActiveRun(Run):
    """The run that is active, from :func:`spanfold.start_run`.

    As a context manager it ends with the block: ``FINISHED``, or ``FAILED`` after an exception. It is then
    active in the block only, in this task or thread and in those that it starts.
    """

    scope: active_run.Scope = field(
        default_factory=lambda: active_run.Scope("", ""), repr=False, compare=False, kw_only=True
    )

    def __enter__(self) -> Self:
        """Make the run the block's own."""
        active_run.enter(self.scope)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run."""
        end(self.scope, "FINISHED" if kind is None else "FAILED")


def end(scope: active_run.Scope, status: str) -> None:
    """End a run, once.

    Raises:
        InvalidArgumentError: there is no such status.
    """
    if not scope.ended:
        events.record(keys.RUN_ENDED, scope.run_id, {"status": status})
        active_run.close_run(scope)


def from_answer(answer: Mapping[str, Any]) -> Run:
    """The run in an answer of the query API.

    Raises:
        KeyError: a property that every run has is missing.
    """
    return Run(
        RunInfo(
            run_id=answer["run_id"],
            run_name=answer["run_name"],
            experiment_id=answer["experiment_id"],
            status=answer["status"],
            start_time=answer["start_timestamp"],
            end_time=answer.get("end_timestamp"),
            parent_run_id=answer.get("parent_run_id"),
        ),
        RunData(
            params=dict(answer.get("params") or {}),
            metrics=dict(answer.get("metrics") or {}),
            tags=dict(answer.get("tags") or {}),
        ),
    )
