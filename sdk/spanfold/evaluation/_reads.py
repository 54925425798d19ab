"""Evaluations and monitors as a program reads and manages them: plain, frozen values."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spanfold._internal import events, pages, reading
from spanfold._internal.lookup import path_of
from spanfold.errors import (
    EvaluationNotFoundError,
    InvalidArgumentError,
    MonitorNotFoundError,
    ServerUnavailableError,
)
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spanfold._internal.lookup import QueryApi
    from spanfold.evaluation._selection import TraceSelection
    from spanfold.metrics._registry import AnyMetric

_VISIBLE_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.05
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """An evaluation, as it was when it was read."""

    evaluation_id: str
    name: str
    status: str
    """``RUNNING``, ``CANCELLING``, ``FINISHED``, ``FAILED`` or ``CANCELLED``."""
    reason: str | None = None
    """Why it failed, and how to go on."""
    source: str = "traces"
    """``traces`` or ``rows``."""
    runner: str = "client"
    """``server`` if it runs beside the query API."""
    metrics: Sequence[Mapping[str, Any]] = ()
    selection: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    aggregates: Mapping[str, float] = field(default_factory=dict)
    """Such as ``token_f1/mean``."""
    progress: Mapping[str, Any] = field(default_factory=dict)
    """``done``, ``total``, ``failed``, ``unmapped``, ``calls``, ``cost_usd`` and ``scores``."""
    unmapped_reasons: Mapping[str, int] = field(default_factory=dict)
    experiment_id: str = ids.DEFAULT_EXPERIMENT_ID
    run_id: str | None = None
    model_ids: Sequence[str] = ()
    user: str | None = None
    start_time_unix_ns: int = 0
    end_time_unix_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A monitor, as it was when it was read."""

    monitor_id: str
    name: str
    status: str
    """``ACTIVE``, ``PAUSED``, or ``FAILING``: active, but the last attempt failed."""
    reason: str | None = None
    """Why the last attempt failed."""
    metrics: Sequence[Mapping[str, Any]] = ()
    selection: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Mapping[str, Any] = field(default_factory=dict)
    experiment_id: str = ids.DEFAULT_EXPERIMENT_ID
    since_time_unix_ns: int = 0
    """No trace that started before is scored."""
    until_time_unix_ns: int = 0
    """Every trace up to this instant has been looked at."""
    creation_time_unix_ns: int = 0


def get_evaluation(evaluation_id: str) -> Evaluation:
    """One evaluation.

    Args:
        evaluation_id: its ID.

    Raises:
        EvaluationNotFoundError: the server has none with this ID.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> get_evaluation("e-0fce7525246d382493329980499c83b6").status  # doctest: +SKIP
        'FINISHED'
    """
    events.check_text("evaluation_id", evaluation_id)
    answer = reading.query_api().get(path_of("evaluations", evaluation_id))
    if answer is None:
        raise EvaluationNotFoundError(evaluation_id)
    return _made(Evaluation, answer)


def search_evaluations(
    *,
    name: str | None = None,
    model_id: str | None = None,
    experiment_ids: Iterable[str] | None = None,
    status: str | Iterable[str] | None = None,
    max_results: int | None = None,
) -> list[Evaluation]:
    """Evaluations, newest first.

    Args:
        name: only those of exactly this name.
        model_id: only those of traces of this model version.
        experiment_ids: only those of these experiments.
        status: only those with this status, or one of these.
        max_results: at most so many; all by default.

    Raises:
        InvalidArgumentError: an argument cannot be right.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> [one.name for one in search_evaluations(status="FAILED")]  # doctest: +SKIP
        ['nightly']
    """
    found = pages.items(
        reading.query_api(),
        "/v1/evaluations",
        "evaluations",
        max_results,
        name=name,
        model_id=model_id,
        experiment_id=None if experiment_ids is None else list(experiment_ids),
        status=[status] if isinstance(status, str) else None if status is None else list(status),
    )
    return [_made(Evaluation, one) for one in found]


def create_monitor(  # noqa: PLR0913 - all but the first two are by name
    name: str,
    metrics: Iterable[AnyMetric],
    *,
    selection: TraceSelection | None = None,
    sample: float | None = None,
    max_calls: int | None = None,
    max_cost_usd: float | None = None,
    experiment_id: str = ids.DEFAULT_EXPERIMENT_ID,
) -> Monitor:
    """Score traces as they come in, on the server, from now on.

    Args:
        name: of the monitor; one of the same name is configured anew.
        metrics: names or specs, as :func:`spanfold.evaluate` takes them; no functions of your own, since the
            server makes the metrics.
        selection: which traces, by model, where, experiment and run; all by default.
        sample: share of the traces, from 0 to 1.
        max_calls: calls to judges a UTC day.
        max_cost_usd: US dollars for judges a UTC day.
        experiment_id: where it is listed.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message names it.
        ServerUnavailableError: collector or query API are away.

    Example:
        >>> create_monitor("short answers", ["length"], sample=0.1).status  # doctest: +SKIP
        'ACTIVE'
    """
    from spanfold.evaluation._rows_events import describe  # noqa: PLC0415 - `import spanfold` stays light
    from spanfold.metrics._registry import resolve  # noqa: PLC0415

    events.check_text("name", name)
    made = [resolve(one) for one in metrics]
    for metric in made:
        if metric.spec is None:
            message = (
                f"metrics: {metric.name!r} is a function that only this process has: monitors need a name"
            )
            raise InvalidArgumentError(message)
    if sample is not None and not 0 < sample <= 1:
        raise InvalidArgumentError(f"sample: a share from 0 to 1, not {sample!r}")
    chosen = {} if selection is None else selection.to_dict()
    for member in ("since", "until", "trace_ids", "sample", "stratify_by", "limit"):
        if member in chosen:
            raise InvalidArgumentError(f"selection: a monitor scores what comes in: leave {member} out")
    options = {"sample": sample, "max_calls": max_calls, "max_cost_usd": max_cost_usd}
    payload = {
        "name": name,
        "experiment_id": experiment_id,
        "metrics": [describe(metric) for metric in made],
        "selection": chosen,
        "options": {key: value for key, value in options.items() if value is not None},
    }
    return _told(keys.MONITOR_CREATED, ids.derive_monitor_id(name), payload, {"ACTIVE", "FAILING"})


def search_monitors() -> list[Monitor]:
    """All monitors, newest first; deleted ones are left out.

    Raises:
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> [one.name for one in search_monitors()]  # doctest: +SKIP
        ['short answers']
    """
    return [_made(Monitor, one) for one in pages.items(reading.query_api(), "/v1/monitors", "monitors")]


def pause_monitor(monitor_id: str) -> Monitor:
    """Let a monitor score no more, for now.

    Raises:
        MonitorNotFoundError: the server has none with this ID.
        ServerUnavailableError: collector or query API are away.

    Example:
        >>> pause_monitor("mon-a0b1416bca1415d8623704d8c2a7b8c6").status  # doctest: +SKIP
        'PAUSED'
    """
    _monitor(reading.query_api(), monitor_id)
    return _told(keys.MONITOR_PAUSED, monitor_id, {}, {"PAUSED"})


def resume_monitor(monitor_id: str) -> Monitor:
    """Let a monitor go on, with what came in meanwhile first; errors as for :func:`pause_monitor`.

    Example:
        >>> resume_monitor("mon-a0b1416bca1415d8623704d8c2a7b8c6").status  # doctest: +SKIP
        'ACTIVE'
    """
    _monitor(reading.query_api(), monitor_id)
    return _told(keys.MONITOR_RESUMED, monitor_id, {}, {"ACTIVE", "FAILING"})


def delete_monitor(monitor_id: str) -> None:
    """End a monitor; its scores stay. Errors as for :func:`pause_monitor`.

    Example:
        >>> delete_monitor("mon-a0b1416bca1415d8623704d8c2a7b8c6")  # doctest: +SKIP
    """
    _monitor(reading.query_api(), monitor_id)
    _send(keys.MONITOR_DELETED, monitor_id, {})


def _send(event_type: str, monitor_id: str, payload: Mapping[str, Any]) -> None:
    from spanfold.evaluation._sender import EventSender, entity_event  # noqa: PLC0415 - loads OpenTelemetry

    sender = EventSender()
    try:
        sender.send([entity_event(event_type, monitor_id, payload)])
    finally:
        sender.close()


def _told(event_type: str, monitor_id: str, payload: Mapping[str, Any], statuses: set[str]) -> Monitor:
    """Send an event, and read the monitor once it shows it."""
    _send(event_type, monitor_id, payload)
    query_api = reading.query_api()
    deadline = time.monotonic() + _VISIBLE_WITHIN_S
    while True:
        answer = query_api.get(path_of("monitors", monitor_id))
        if answer is not None and answer["status"] in statuses:
            return _made(Monitor, answer)
        if time.monotonic() > deadline:
            message = f"{monitor_id} is recorded, but the database is behind: read it in a moment"
            raise ServerUnavailableError(message)
        time.sleep(_LOOK_EVERY_S)


def _monitor(query_api: QueryApi, monitor_id: str) -> Monitor:
    events.check_text("monitor_id", monitor_id)
    answer = query_api.get(path_of("monitors", monitor_id))
    if answer is None:
        raise MonitorNotFoundError(monitor_id)
    return _made(Monitor, answer)


def _made(kind: type[T], answer: Mapping[str, Any]) -> T:
    """The answer as an object; members of later servers are left out."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type] # dataclasses, all of them
    try:
        return kind(**{name: value for name, value in answer.items() if name in known})
    except TypeError as fault:
        message = f"the query API's answer is no {kind.__name__.lower()}: {fault}"
        raise ServerUnavailableError(message) from fault
