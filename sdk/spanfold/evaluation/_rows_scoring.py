"""Scores rows with metric after metric; one that fails does not keep the others from counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spanfold._internal.faults import logger
from spanfold.errors import SpanfoldError
from spanfold.metrics._metric import PREVIOUS, EvaluationMetric, MetricError, MetricValue

if TYPE_CHECKING:
    from spanfold.evaluation._rows_progress import Bar
    from spanfold.metrics._metric import Columns


@dataclass(slots=True)
class Scored:
    """What the metrics said."""

    values: dict[str, MetricValue] = field(default_factory=dict)
    """By key."""
    aggregates: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    """By key: why a metric failed as a whole."""
    budget: str | None = None
    """What the budget said when it was used up."""

    def columns(self) -> dict[str, Sequence[Any]]:
        """The columns of the rows: score, justification and error of each metric that has any."""
        columns = dict[str, Sequence[Any]]()
        for key, value in self.values.items():
            if value.scores is not None:
                columns[f"{key}/score"] = value.scores
            if value.justifications is not None:
                columns[f"{key}/justification"] = value.justifications
            if value.errors is not None and any(value.errors):
                columns[f"{key}/error"] = value.errors
        return columns

    @property
    def score_count(self) -> int:
        """Scores of single rows that were given."""
        return sum(
            sum(score is not None for score in value.scores)
            for value in self.values.values()
            if value.scores is not None
        )

    @property
    def failed_count(self) -> int:
        """Rows that at least one metric has no score for."""
        columns = [value.errors for value in self.values.values() if value.errors is not None]
        return sum(any(row) for row in zip(*columns, strict=True)) if columns else 0


def score_all(metrics: Sequence[EvaluationMetric], columns: Columns, row_count: int, bar: Bar) -> Scored:
    """Score rows with all metrics, in order."""
    from spanfold.metrics.genai._budget import BudgetExceededError  # noqa: PLC0415 - `import` stays light

    scored = Scored()
    for metric in metrics:
        bar.step(metric.name)
        try:
            value, cut_off = _score(metric, columns, row_count, scored.values, bar)
            aggregates = keyed(metric, value.aggregate_results or {})
        except BudgetExceededError as fault:
            scored.budget = scored.errors[metric.key] = str(fault)
            continue
        except SpanfoldError as fault:
            scored.errors[metric.key] = str(fault)
            logger.warning("metric %r is left out: %s", metric.key, fault)
            continue
        scored.budget = cut_off or scored.budget
        scored.values[metric.key] = value
        scored.aggregates.update(aggregates)
    return scored


def keyed(metric: EvaluationMetric, aggregates: Mapping[str, float | None]) -> dict[str, float]:
    """A metric's aggregates by the keys of ``EvaluationResult.metrics``; those that are None are left out.

    Raises:
        MetricError: one is no number.

    Example:
        >>> from spanfold.metrics import make_metric
        >>> keyed(make_metric(eval_fn=len, greater_is_better=True, name="n", version="v1"), {"mean": 1.0})
        {'n/v1/mean': 1.0}
    """
    try:
        return {
            metric.key if name == metric.name else f"{metric.key}/{name}": float(value)
            for name, value in aggregates.items()
            if value is not None
        }
    except (TypeError, ValueError, OverflowError) as fault:
        raise MetricError(
            f"metric {metric.name!r} returned an aggregate that is no number: {fault}"
        ) from fault


def aggregated(metric: EvaluationMetric, value: MetricValue) -> MetricValue:
    """The value, with aggregates of its scores where the function returned none.

    Raises:
        MetricError: the scores are of a kind that cannot be aggregated.
    """
    try:
        return metric.with_aggregates(value)
    except (TypeError, ValueError, OverflowError) as fault:
        message = f"metric {metric.name!r}: scores are numbers, True, False, text or None: {fault}"
        raise MetricError(message) from fault


def _score(
    metric: EvaluationMetric,
    columns: Columns,
    row_count: int,
    previous: Mapping[str, MetricValue],
    bar: Bar,
) -> tuple[MetricValue, str | None]:
    """One metric: its value, and what the budget said if it ended on the way."""
    size = metric.batch_rows
    is_one_part = row_count <= size and metric.resource != "judge"  # a judge's budget may end within a part
    if metric.resource == "cpu" or is_one_part or PREVIOUS in metric.arguments()[1]:
        value = aggregated(metric, metric.score(columns, previous))
        bar.advance(row_count)
        return value, None
    return _in_batches(metric, columns, row_count, bar)


def _in_batches(
    metric: EvaluationMetric, columns: Columns, row_count: int, bar: Bar
) -> tuple[MetricValue, str | None]:
    """Score some rows at a time: what takes long shows how far it is, and what was paid for counts."""
    from spanfold.metrics.genai._budget import BudgetExceededError  # noqa: PLC0415

    used = [name for name in metric.arguments()[1] if name in columns]
    parts = list[MetricValue]()
    cut_off: str | None = None
    for first in range(0, row_count, metric.batch_rows):
        rows = {name: columns[name][first : first + metric.batch_rows] for name in used}
        size = min(metric.batch_rows, row_count - first)
        if cut_off is None:
            try:
                parts.append(metric.score(rows))
            except BudgetExceededError as fault:
                if not parts and fault.partial is None:
                    raise
                cut_off = str(fault)
                if fault.partial is not None:
                    parts.append(fault.partial)
                    bar.advance(size)
                    continue
        if cut_off is not None:
            parts.append(MetricValue(scores=[None] * size, errors=[cut_off] * size))
        bar.advance(size)
    # Aggregates of a part are of that part only: they are made of all scores instead.
    joined = MetricValue(
        scores=_joined(parts, "scores"),
        justifications=_joined(parts, "justifications"),
        errors=_joined(parts, "errors"),
        costs_usd=_joined(parts, "costs_usd"),
        calls=_joined(parts, "calls"),
    )
    return aggregated(metric, joined), cut_off


def _joined(parts: Sequence[MetricValue], name: str) -> list[Any] | None:
    columns = [(getattr(part, name), part) for part in parts]
    if all(column is None for column, _ in columns):
        return None
    joined = list[Any]()
    for column, part in columns:
        joined.extend([None] * len(part.scores or ()) if column is None else column)
    return joined
