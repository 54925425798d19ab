"""From the query API's answers to the values of :mod:`spanfold.comparison`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanfold._internal.model import from_answer
from spanfold.comparison import (
    Change,
    ComparedModel,
    Comparison,
    Difference,
    Estimate,
    Metric,
    ModelDiff,
    Traffic,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def comparison_of(answer: Mapping[str, Any]) -> Comparison:
    """The comparison in an answer of the query API.

    Raises:
        KeyError: a member is missing.
        TypeError: one has another type.
    """
    ids = [model["model_id"] for model in answer["models"]]

    def by_model(rows: list[dict[str, Any]]) -> dict[str, dict[str, str | None]]:
        return {row["key"]: dict(zip(ids, row["values"], strict=True)) for row in rows}

    return Comparison(
        baseline=answer["baseline"],
        confidence=answer["confidence"],
        start_time=answer["start_time"],
        end_time=answer["end_time"],
        params=by_model(answer["params"]),
        tags=by_model(answer["tags"]),
        models={
            model["model_id"]: ComparedModel(
                **{name: value for name, value in model.items() if name != "metrics"},
                metrics={metric["metric"]: _metric(metric) for metric in model["metrics"]},
            )
            for model in answer["models"]
        },
    )


def diff_of(answer: Mapping[str, Any]) -> ModelDiff:
    """The difference in an answer of the query API. Raises as :func:`comparison_of`."""

    def differences(section: str) -> tuple[Difference, ...]:
        return tuple(Difference(**each) for each in answer[section])

    def traffic(side: str) -> Traffic:
        told = answer["traffic"][side]
        return Traffic(**{name: told[name] for name in Traffic.__dataclass_fields__})

    return ModelDiff(
        from_answer(answer["a"]),
        from_answer(answer["b"]),
        differences("properties"),
        differences("params"),
        differences("tags"),
        differences("git"),
        differences("metrics"),
        traffic("a"),
        traffic("b"),
    )


def _metric(told: Mapping[str, Any]) -> Metric:
    change = told["difference"]
    return Metric(
        unit=told["unit"],
        method=told["method"],
        estimate=None if told["estimate"] is None else Estimate(**told["estimate"]),
        trace_count=told["trace_count"],
        difference=None
        if change is None
        else Change(
            absolute=Estimate(**change["absolute"]),
            relative=None if change["relative"] is None else Estimate(**change["relative"]),
            significant=change["significant"],
            baseline_trace_count=change["baseline_trace_count"],
        ),
    )
