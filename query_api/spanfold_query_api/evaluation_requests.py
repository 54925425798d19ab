"""What is asked to be evaluated, checked at once: who asks hears of a wrong name, not a failed evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, SpanfoldError
from spanfold.metrics._registry import resolve
from spanfold_query_api.problems import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_query_api.evaluation_inputs import NewEvaluation, NewMonitor

_TIME_OF_A_MONITOR: Final = ("since", "until", "trace_ids", "sample", "stratify_by", "limit")


def metrics(asked: Sequence[str | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The specs of metrics that any process can make, as events have them.

    Raises:
        ProblemError: there is no such metric, it cannot be made here, or two have one name.
    """
    described: list[dict[str, Any]] = []
    for number, one in enumerate(asked):
        field = f"metrics[{number}]"
        try:
            metric = resolve(one)
        except SpanfoldError as error:
            raise invalid(field, str(error)) from None
        if metric.spec is None:
            raise invalid(field, "this metric cannot be made in another process")
        if any(metric.name == other["key"].partition("/")[0] for other in described):
            raise invalid(field, f"a metric called {metric.name!r} is there already: scores have its name")
        described.append(
            {
                **metric.spec.to_dict(),
                "key": metric.key,
                "greater_is_better": metric.greater_is_better,
                "resource": metric.resource,
                "scorer": metric.scorer,
            }
        )
    return described


def selection(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The selection in the form that events have.

    Raises:
        ProblemError: a member is unknown, or its value cannot be used.
    """
    from spanfold.evaluation._selection import TraceSelection  # noqa: PLC0415 - loads it once asked

    try:
        return dict(TraceSelection.from_dict(asked).to_dict())
    except InvalidArgumentError as error:
        raise invalid("selection", str(error)) from None


def evaluation(asked: NewEvaluation, evaluation_id: str) -> dict[str, Any]:
    """The payload of the event that starts it.

    Raises:
        ProblemError: it cannot be evaluated.
    """
    return {
        "name": asked.name or evaluation_id,
        "experiment_id": asked.experiment_id,
        "source": "traces",
        "runner": "server",
        "metrics": metrics(asked.metrics),
        "selection": selection(asked.selection),
        "options": asked.options.model_dump(exclude_none=True),
        "run_id": asked.run_id,
        "user": asked.user,
        "model_ids": [],
        "monitor_id": None,
    }


def monitor(asked: NewMonitor) -> dict[str, Any]:
    """The payload of the event that creates it.

    Raises:
        ProblemError: it cannot be monitored.
    """
    for name in _TIME_OF_A_MONITOR:
        if asked.selection.get(name) is not None:
            raise invalid(
                f"selection.{name}",
                "a monitor scores what comes in from now on: leave it out, or use options.sample",
            )
    chosen = selection(asked.selection)
    return {
        "name": asked.name,
        "experiment_id": asked.experiment_id,
        "metrics": metrics(asked.metrics),
        "selection": {name: value for name, value in chosen.items() if name not in _TIME_OF_A_MONITOR},
        "options": asked.options.model_dump(exclude_none=True),
    }
