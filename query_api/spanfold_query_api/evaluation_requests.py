"""What is asked to be evaluated, checked at once: who asks hears of a wrong name, not a failed evaluation."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, SpanfoldError
from spanfold.metrics._registry import resolve
from spanfold_query_api.evaluation_inputs import MAX_CONCURRENCY
from spanfold_query_api.filter import compile_filter, parse
from spanfold_query_api.problems import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_query_api.evaluation_inputs import NewEvaluation, NewMonitor

_TIME_OF_A_MONITOR: Final = ("since", "until", "trace_ids", "sample", "stratify_by", "limit")
_SECRET: Final = re.compile(
    r"(?:^|_)(?:api_?key|secret|password|passwd|credentials?|authorization|bearer|private_key"
    r"|(?:access|auth|refresh|id)_token|token)(?:$|_)"
)
_WORKERS: Final = "max_workers"


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
        except Exception as error:  # noqa: BLE001 - a parameter that its factory did not expect
            said = f"cannot be made of these parameters: {type(error).__name__}: {error}"
            raise invalid(field, said) from None
        if metric.spec is None:
            raise invalid(
                field,
                "headers and proxies may hold secrets, and what is asked for is stored: leave them out, and "
                "set the server's environment instead",
            )
        _check_parameters(field, metric.spec.parameters)
        if (metric.scorer or "").startswith("models:") and os.environ.get("SPANFOLD_LOGGED_JUDGES") != "on":
            said = "a judge that is a logged model runs code, and this server runs none but its own"
            raise invalid(field, f"{said}: evaluate in a program, or set SPANFOLD_LOGGED_JUDGES=on here")
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
        FilterError: the condition cannot be understood.
    """
    from spanfold.evaluation._selection import TraceSelection  # noqa: PLC0415 - loads it once asked

    try:
        chosen = TraceSelection.from_dict(asked)
    except InvalidArgumentError as error:
        raise invalid("selection", str(error)) from None
    except TypeError:
        raise invalid("selection", "a member is of a type that it cannot have") from None
    if chosen.where:
        compile_filter(parse(chosen.where))
    return dict(chosen.to_dict())


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


def _check_parameters(field: str, value: object) -> None:
    """What is asked for is stored and shown to all who may read: secrets have no place in it.

    Raises:
        ProblemError: a name says that its value is a secret, or a number of workers is beyond reason.
    """
    if isinstance(value, list | tuple):
        for one in value:
            _check_parameters(field, one)
    if not isinstance(value, dict):
        return
    for name, one in value.items():
        if isinstance(one, str) and _SECRET.search(_spelled(name)):
            raise invalid(
                field,
                f"{name} looks like a secret, and what is asked for is stored: leave it out, and set "
                "the server's environment instead",
            )
        if name == _WORKERS and isinstance(one, int) and one > MAX_CONCURRENCY:
            raise invalid(field, f"{name} is {one}: at most {MAX_CONCURRENCY} are allowed")
        _check_parameters(field, one)


def _spelled(name: str) -> str:
    """``apiKey``, ``API-Key`` and ``api key`` as ``api_key``."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
