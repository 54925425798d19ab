"""What a report shows, gathered in one pass over the rows, which may be many and on a server."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold.evaluation._result import EvaluationResult

MAX_ROWS: Final = 1_000
"""Rows in the table of a report: a browser should stay quick with it."""
MAX_LABELS: Final = 200
LATENCY: Final = "latency_ms"
_NO_NUMBER: Final = math.nan
_MOST: Final = 1e290
"""Of larger numbers, sums and distances would be none: they are not drawn."""


@dataclass(slots=True)
class Column:
    """All values of one score, in order of the rows."""

    title: str
    numbers: array[float] = field(default_factory=lambda: array("d"))
    """NaN where a row has none."""
    labels: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    """Rows that say why they have none."""

    def add(self, value: Any, error: Any) -> None:
        """Take a row's value."""
        number = _NO_NUMBER
        if isinstance(value, str):
            if value in self.labels or len(self.labels) < MAX_LABELS:
                self.labels[value] += 1
        elif value is not None:
            try:
                number = float(value)
            except (TypeError, ValueError, OverflowError):
                number = _NO_NUMBER
        self.numbers.append(number if abs(number) <= _MOST else _NO_NUMBER)
        self.failed += bool(error)

    @property
    def given(self) -> list[float]:
        """The numbers of rows that have one."""
        return [number for number in self.numbers if not math.isnan(number)]


@dataclass(slots=True)
class Gathered:
    """Rows to show, and all scores."""

    columns: dict[str, Column]
    """By key of the metric; :data:`LATENCY` besides, where rows have it."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """The first ones."""
    row_count: int = 0

    @property
    def numeric(self) -> Mapping[str, Column]:
        """Those with numbers."""
        return {
            key: column
            for key, column in self.columns.items()
            if any(not math.isnan(number) for number in column.numbers)
        }


def gather(result: EvaluationResult) -> Gathered:
    """Read all rows once."""
    gathered = Gathered({info.key: Column(info.key) for info in result.infos})
    latency = Column("latency in ms")
    names = [(column, f"{key}/score", f"{key}/error") for key, column in gathered.columns.items()]
    for row in result.rows:
        if gathered.row_count < MAX_ROWS:
            gathered.rows.append(row)
        gathered.row_count += 1
        latency.add(row.get(LATENCY), None)
        for column, score, error in names:
            column.add(row.get(score), row.get(error))
    if latency.given and "latency" not in gathered.columns:
        gathered.columns[LATENCY] = latency
    return gathered
