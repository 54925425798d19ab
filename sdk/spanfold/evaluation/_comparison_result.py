"""What :func:`spanfold.compare_evaluations` returns."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._comparison_sides import Reader, Scores, Side, Texts
from spanfold.evaluation._effects import Effect  # noqa: TC001 - part of what is returned
from spanfold.evaluation._statistics import Verdict  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

MAX_ROWS: Final = 1_000
"""Pairs that are listed at one time."""
_NOTHING: Final = Texts(None, None)


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One of the two that were compared."""

    reference: str
    name: str
    """The version's, or the evaluation's."""
    evaluation_id: str | None
    model_id: str | None
    """The version whose traces alone count; None: all of the evaluation."""


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """How one metric of ``b`` differs from that of ``a``."""

    metric: str
    """Of labels, ``<metric>/<label>``: the share of rows that have it."""
    greater_is_better: bool | None
    verdict: Verdict
    """``better`` or ``worse``; ``higher`` or ``lower`` where neither direction is better; ``no evidence``."""
    paired: bool
    """Whether the same inputs were compared with one another."""
    count_a: int
    """Inputs that the numbers of ``a`` rest on, if paired; else rows."""
    count_b: int
    unmatched_a: int
    """Inputs that only ``a`` has a score of. Pairs leave them out."""
    unmatched_b: int
    errors_a: int
    """Rows without a score, because scoring them failed."""
    errors_b: int
    repeats: bool
    """Whether several rows of one input were averaged."""
    mean_a: float | None
    mean_b: float | None
    difference: float | None
    """``b`` minus ``a``."""
    lower: float | None
    upper: float | None
    p_value: float | None
    p_corrected: float | None
    """After Holm, for the number of metrics that were compared."""
    method: str
    test: str
    effect: Effect | None
    needed: int | None
    """Pairs, or rows of each side, that find a difference of this size; only where there is no evidence."""
    detectable: float | None
    """The smallest difference that so many rows find, with the power that was asked for."""


@dataclass(frozen=True, slots=True)
class ChangedPair:
    """One input, and what became of it."""

    inputs: str | None
    trace_id_a: str
    trace_id_b: str
    score_a: float
    score_b: float
    change: float
    outputs_a: str | None
    outputs_b: str | None


@dataclass(frozen=True)
class EvaluationComparison:
    """What :func:`spanfold.compare_evaluations` returns. ``b`` is seen from ``a``.

    Example:
        >>> from spanfold import compare_evaluations
        >>> old = [{"inputs": f"question {n}", "token_f1/score": 0.5} for n in range(20)]
        >>> new = [{**row, "token_f1/score": 0.6 + n % 2 / 10} for n, row in enumerate(old)]
        >>> compare_evaluations(old, new).metrics["token_f1"].verdict
        'higher'
    """

    a: ComparedSide
    b: ComparedSide
    confidence: float
    power: float
    metrics: Mapping[str, MetricComparison]
    """By name."""
    notes: tuple[str, ...] = ()
    """What a reader should know before trusting the numbers."""
    _sides: tuple[Side, Side] | None = field(default=None, repr=False, compare=False)
    _reader: Reader | None = field(default=None, repr=False, compare=False)

    def rows(self, metric: str, limit: int = 20) -> list[ChangedPair]:
        """The pairs that changed most, with what was asked and answered.

        Args:
            metric: one of :attr:`metrics`.
            limit: at most so many, up to 1,000.

        Returns:
            Nothing where no inputs match: then there are no pairs.

        Raises:
            InvalidArgumentError: the metric is none of these.
            ServerUnavailableError: the query API gave no usable answer.
        """
        if metric not in self.metrics:
            raise unknown([metric], self.metrics)
        if self._sides is None or limit <= 0:
            return []
        side_a, side_b = self._sides
        a, b = by_input(scores_of(side_a, metric)), by_input(scores_of(side_b, metric))
        found = sorted(
            ((one, a[one], b[one]) for one in a.keys() & b.keys()),
            key=lambda pair: (-abs(pair[2].value - pair[1].value), pair[0]),
        )[: min(limit, MAX_ROWS)]
        texts_a = self._texts(side_a, [old.trace_id for _, old, _ in found])
        texts_b = self._texts(side_b, [new.trace_id for _, _, new in found])
        pairs = []
        for _, old, new in found:
            before = texts_a.get(old.trace_id, _NOTHING)
            after = texts_b.get(new.trace_id, _NOTHING)
            pairs.append(
                ChangedPair(
                    inputs=before.inputs if before.inputs is not None else after.inputs,
                    trace_id_a=old.trace_id,
                    trace_id_b=new.trace_id,
                    score_a=old.value,
                    score_b=new.value,
                    change=new.value - old.value,
                    outputs_a=before.outputs,
                    outputs_b=after.outputs,
                )
            )
        return pairs

    def to_dict(self) -> dict[str, Any]:
        """The same as dictionaries, for JSON."""
        return {
            "a": asdict(self.a),
            "b": asdict(self.b),
            "confidence": self.confidence,
            "power": self.power,
            "metrics": [asdict(metric) for metric in self.metrics.values()],
            "notes": list(self.notes),
        }

    def to_pandas(self) -> pd.DataFrame:
        """A row for each metric.

        Raises:
            InvalidArgumentError: pandas is not installed.
        """
        from spanfold._internal import frames  # noqa: PLC0415 - needed by few

        rows = []
        for metric in self.metrics.values():
            row = asdict(metric)
            effect = row.pop("effect") or {"name": None, "value": None, "size": None}
            rows.append({**row, **{f"effect_{key}": value for key, value in effect.items()}})
        return frames.of_rows(rows, list(rows[0]) if rows else ["metric"])

    def __repr__(self) -> str:
        lines = [f"EvaluationComparison({self.b.name} against {self.a.name})"]
        lines += [
            f"  {one.metric}: {one.verdict}"
            + ("" if one.difference is None else f", {one.difference:+.4g}")
            + ("" if one.lower is None else f" (from {one.lower:+.4g} to {one.upper:+.4g})")
            for one in self.metrics.values()
        ]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _texts(self, side: Side, trace_ids: Sequence[str]) -> Mapping[str, Texts]:
        if side.texts is not None:
            return side.texts
        return {} if self._reader is None else self._reader.texts(list(dict.fromkeys(trace_ids)))


def unknown(names: Sequence[str], known: Iterable[str]) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"metric: {names[0]!r} is not compared; there are {', '.join(sorted(known)) or 'none'}"
    )


def scores_of(side: Side, name: str) -> Scores:
    if name in side.scores:
        return side.scores[name]
    metric, label = next(
        (one, name.removeprefix(f"{one}/")) for one in side.scores if name.startswith(f"{one}/")
    )
    return side.scores[metric].of_label(label)


class Input(NamedTuple):
    """The mean of the rows of one input, and the one that is nearest to it."""

    trace_id: str
    value: float
    row_count: int


def by_input(scores: Scores) -> dict[str, Input]:
    """By what the inputs are known by. Of several rows, the one nearest to their mean is named."""
    rows: dict[str, list[tuple[str, float]]] = {}
    for trace_id, known_by, value in scores.rows:
        if known_by:
            rows.setdefault(known_by, []).append((trace_id, value))
    return {known_by: _one_input(of_it) for known_by, of_it in rows.items()}


def _one_input(rows: list[tuple[str, float]]) -> Input:
    mean = math.fsum(value for _, value in rows) / len(rows)
    nearest, _ = min(rows, key=lambda row: (abs(row[1] - mean), row[0]))
    return Input(nearest, mean, len(rows))
