"""Scoring many texts at a time, when some rows have none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from spanfold.metrics._metric import MetricValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class RowScore(NamedTuple):
    """What is said of one row."""

    score: float | None
    justification: str | None = None
    error: str | None = None
    """Why there is no score."""


def score_batch(score: Callable[..., Sequence[RowScore]], **columns: Sequence[Any]) -> MetricValue:
    """Score rows together.

    A row in which a column has no value (None, NaN), or something else than text, gets no score and an error
    that names the column.

    Args:
        score: gets, by the columns' names, lists of texts of the same length; returns as many row scores.
        columns: the rows.
    """
    names = tuple(columns)
    faults: list[str | None] = [
        next(filter(None, map(_fault, names, row)), None) for row in zip(*columns.values(), strict=True)
    ]
    usable = [index for index, fault in enumerate(faults) if fault is None]
    found = score(**{name: [column[index] for index in usable] for name, column in columns.items()})
    rows = [RowScore(None, error=fault) for fault in faults]
    for index, row in zip(usable, found, strict=True):
        rows[index] = row
    justifications = [row.justification for row in rows]
    errors = [row.error for row in rows]
    return MetricValue(
        scores=[row.score for row in rows],
        justifications=justifications if any(justifications) else None,
        errors=errors if any(errors) else None,
    )


def _fault(name: str, value: object) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return f"the row has no {name}"
    return None if isinstance(value, str) else f"{name} is not text but {type(value).__name__}"
