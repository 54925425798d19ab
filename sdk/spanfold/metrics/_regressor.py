"""Predicted numbers against the right ones. Of all rows together; names and values as MLflow's."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._built_in import built_in, check_choice, missing_extra, plain
from spanfold.metrics._metric import MetricValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.metrics._metric import EvaluationMetric

REGRESSOR_METRICS: Final[Mapping[str, bool | None]] = {
    "example_count": None,
    "mean_absolute_error": False,
    "mean_squared_error": False,
    "root_mean_squared_error": False,
    "sum_on_target": None,
    "mean_on_target": None,
    "r2_score": True,
    "max_error": False,
    "mean_absolute_percentage_error": False,
}
"""Each with whether more is better."""


def _rows(columns: Mapping[str, Sequence[Any]]) -> tuple[Any, Any, Any]:
    """Predictions, targets and weights of the rows that have numbers."""
    try:
        import numpy as np  # noqa: PLC0415 - `import spanfold` stays light
    except ImportError as fault:
        raise missing_extra("numpy", "regressor metrics") from fault
    names = ("predictions", "targets", *(("sample_weights",) if "sample_weights" in columns else ()))
    read: list[list[float]] = []
    for given in zip(*(columns[name] for name in names), strict=True):
        row = tuple(map(plain, given))
        if None in row:
            continue
        try:
            numbers = [float(value) for value in row]
        except (TypeError, ValueError, OverflowError) as fault:
            raise InvalidArgumentError(
                f"predictions and targets of a regressor are numbers: {fault}"
            ) from fault
        read.append(numbers if len(numbers) > len(("predictions", "targets")) else [*numbers, 1.0])
    table = np.array(read, dtype=float).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _r2(predictions: Any, targets: Any, weights: Any) -> float | None:
    import numpy as np  # noqa: PLC0415 - see above

    if len(targets) < 2:  # noqa: PLR2004 - one number has no variance
        return None
    left = float(np.sum(weights * (targets - predictions) ** 2))
    whole = float(np.sum(weights * (targets - np.average(targets, weights=weights)) ** 2))
    if not whole:
        return float(not left)
    return 1 - left / whole


def _value(name: str, predictions: Any, targets: Any, weights: Any) -> float | None:
    import numpy as np  # noqa: PLC0415 - see above

    errors = np.abs(targets - predictions)
    match name:
        case "example_count":
            return float(len(targets))
        case "mean_absolute_error":
            return float(np.average(errors, weights=weights))
        case "mean_squared_error":
            return float(np.average(errors**2, weights=weights))
        case "root_mean_squared_error":
            return float(np.sqrt(np.average(errors**2, weights=weights)))
        case "sum_on_target":
            return float(np.sum(targets * weights))
        case "mean_on_target":
            return float(np.sum(targets * weights) / len(targets))
        case "r2_score":
            return _r2(predictions, targets, weights)
        case "max_error":
            return float(np.max(errors))
        case _:
            least = np.finfo(float).eps
            return float(np.average(errors / np.maximum(np.abs(targets), least), weights=weights))


def _score(*, name: str, **columns: Sequence[Any]) -> MetricValue:
    predictions, targets, weights = _rows(columns)
    import numpy as np  # noqa: PLC0415 - it is there: ``_rows`` said so

    with np.errstate(all="ignore"):  # errors too large for a number are infinite
        value = _value(name, predictions, targets, weights) if len(targets) else None
    return MetricValue(aggregate_results={} if value is None else {name: value})


def regressor(name: str = "mean_absolute_error") -> EvaluationMetric:
    """One of the usual figures of a regressor.

    Needs ``predictions`` and ``targets``: numbers. Uses ``sample_weights`` where they are there. Rows that
    lack a number do not count. It gives no scores a row.

    Args:
        name: ``mean_absolute_error``, ``mean_squared_error``, ``root_mean_squared_error``, ``r2_score``,
            ``max_error``, ``mean_absolute_percentage_error`` (1 is 100 %), ``sum_on_target``,
            ``mean_on_target`` or ``example_count``.

    Raises:
        InvalidArgumentError: there is no such figure; while scoring: a value is no number.

    Example:
        >>> regressor("max_error").score({"predictions": [1, 2], "targets": [1, 5]}).aggregate_results
        {'max_error': 3.0}
    """
    check_choice("name", name, tuple(REGRESSOR_METRICS))
    return built_in(
        name,
        functools.partial(_score, name=name),
        greater_is_better=REGRESSOR_METRICS[name],
        columns=("predictions", "targets"),
        optional=("sample_weights",),
        registered="regressor",
        parameters={"name": name},
    )


def mean_absolute_error() -> EvaluationMetric:
    """Mean of the errors' sizes; see :func:`regressor`."""
    return regressor("mean_absolute_error")


def mean_squared_error() -> EvaluationMetric:
    """Mean of the errors' squares; see :func:`regressor`."""
    return regressor("mean_squared_error")


def root_mean_squared_error() -> EvaluationMetric:
    """Root of the mean of the errors' squares; see :func:`regressor`."""
    return regressor("root_mean_squared_error")


def r2_score() -> EvaluationMetric:
    """Share of the targets' variance that the predictions explain; see :func:`regressor`."""
    return regressor("r2_score")


def max_error() -> EvaluationMetric:
    """The largest error; see :func:`regressor`."""
    return regressor("max_error")


def mean_absolute_percentage_error() -> EvaluationMetric:
    """Mean of the errors' sizes by those of the targets; see :func:`regressor`."""
    return regressor("mean_absolute_percentage_error")
