"""What all built-in metrics are made with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._aggregations import standard_aggregations
from spanfold.metrics._metric import NOTHING, EvaluationMetric, MetricSpec, MetricValue, ScoreType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EXTRA: Final = "pip install 'spanfold[evaluate]'"


class RowError(Exception):
    """A row has no score; the text says why."""


def built_in(  # noqa: PLR0913 - what a metric has
    name: str,
    eval_fn: Callable[..., MetricValue],
    *,
    greater_is_better: bool | None,
    columns: tuple[str, ...],
    optional: tuple[str, ...] = (),
    registered: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    version: str | None = None,
    long_name: str | None = None,
    details: str | None = None,
    aggregate: Callable[[Sequence[ScoreType]], Mapping[str, float]] = standard_aggregations,
    batch_rows: int = 256,
    resource: Literal["cpu", "torch", "judge"] = "cpu",
    scorer: str = "",
) -> EvaluationMetric:
    """A metric that its spec makes again.

    Args:
        name: of the metric, which begins the keys of its results.
        eval_fn: gets the columns by their names.
        greater_is_better: None where neither direction is.
        columns: that it needs.
        optional: columns that it uses where they are there.
        registered: the factory's name in the registry; that of the metric by default.
        parameters: the factory's, as JSON can say them.
        version: as :class:`EvaluationMetric`'s, like all that follow.
        long_name: for people.
        details: how it works, for people.
        aggregate: from the scores of all rows to a few numbers.
        batch_rows: how many rows it wants at a time.
        resource: what limits it.
        scorer: what gives the scores, where the name does not say it.
    """
    return EvaluationMetric(
        eval_fn=eval_fn,
        name=name,
        greater_is_better=greater_is_better,
        version=version,
        long_name=long_name,
        metric_details=details,
        aggregate=aggregate,
        resource=resource,
        batch_rows=batch_rows,
        spec=MetricSpec(registered or name, dict(parameters or {})),
        scorer=scorer,
        requires=columns,
        accepts=(*columns, *optional),
    )


_PLAIN: Final = frozenset({str, int, float, bool, list, dict, tuple, type(None)})


def plain(value: Any) -> Any:
    """A value of numpy or pandas as Python's own; None for NaN and other ways to say that there is none.

    Example:
        >>> plain(float("nan")), plain("text")
        (None, 'text')
    """
    kind = type(value)
    if kind is float:
        return None if math.isnan(value) else value
    if kind in _PLAIN:
        return value
    if kind.__name__ in NOTHING:
        return None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return value


def score_rows(score: Callable[..., ScoreType], **columns: Sequence[Any]) -> MetricValue:
    """Score row by row.

    A row in which a column has no value (None, NaN) gets no score, and an error that names the column; so
    does one for which ``score`` raises :class:`RowError`.

    Args:
        score: gets one value of each column, in the order in which they are given.
        columns: the rows.
    """
    names = tuple(columns)
    scores: list[ScoreType] = []
    errors: dict[int, str] = {}
    for index, given in enumerate(zip(*columns.values(), strict=True)):
        try:
            row = tuple(map(plain, given))
            for name, value in zip(names, row, strict=True):
                if value is None:
                    raise RowError(f"the row has no {name}")  # noqa: TRY301 - as those of ``score``
            scores.append(score(*row))
        except RowError as fault:
            scores.append(None)
            errors[index] = str(fault)
    if not errors:
        return MetricValue(scores=scores)
    return MetricValue(scores=scores, errors=[errors.get(index) for index in range(len(scores))])


def score_texts(score: Callable[..., ScoreType], **columns: Sequence[Any]) -> MetricValue:
    """As :func:`score_rows`, for columns of text; a row with anything else has no score, and says so."""
    names = tuple(columns)

    def checked(*row: object) -> ScoreType:
        for name, value in zip(names, row, strict=True):
            if not isinstance(value, str):
                raise RowError(f"{name} is not text but {type(value).__name__}")
        return score(*row)

    return score_rows(checked, **columns)


def missing_extra(needs: str, what: str) -> InvalidArgumentError:
    """A library is not there; the message has the line that installs it."""
    return InvalidArgumentError(f"{what} needs {needs}: {EXTRA}")


def check_count(name: str, value: object) -> int:
    """A whole number from 1.

    Raises:
        InvalidArgumentError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentError(f"{name}={value!r}: a whole number from 1 is needed")
    return value


def check_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """One of some words.

    Raises:
        InvalidArgumentError: it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise InvalidArgumentError(f"{name}={value!r}: one of {', '.join(choices)} is needed")
    return value
