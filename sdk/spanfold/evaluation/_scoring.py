"""Scores a batch of rows that were made of traces, metric by metric.

Several batches are under way at once, each in a thread. What limits a metric is shared among them: processes
for the cores, a lock for a model on this machine and for functions that only this process has, and the
judges' own limit of calls.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _mapping
from spanfold.evaluation._job_scores import as_number
from spanfold.evaluation._job_workers import Workers
from spanfold.evaluation._sender import score_event
from spanfold.metrics._metric import PREVIOUS, MetricError, MetricValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spanfold.evaluation._mapping import Row, TraceMapping
    from spanfold.evaluation._sender import OutgoingEvent, SourceType
    from spanfold.metrics._metric import EvaluationMetric

NO_SCORE: Final = "NoScore"
"""``error.type`` of a score that a metric could not give; the explanation says why."""
_RETRIEVER: Final = ("retrieved_doc_ids", _mapping.EXPECTED_DOCUMENTS)
_FOR_RETRIEVERS: Final = frozenset({"precision_at_k", "recall_at_k", "ndcg_at_k"})


@dataclass(frozen=True, slots=True)
class Given:
    """What a metric said of one row."""

    score: Any = None
    justification: str | None = None
    error: str | None = None
    cost_usd: float | None = None
    calls: int = 0


@dataclass(slots=True)
class Batch:
    """Rows that are scored together."""

    rows: list[Row]
    todo: dict[str, list[int]] = field(default_factory=dict)
    """By the metric's key, which rows it is to score."""
    results: dict[str, dict[int, Given]] = field(default_factory=dict)
    """By the metric's key, what it said of which row."""


def needed_columns(metric: EvaluationMetric) -> tuple[str, ...]:
    """The columns without whose values a trace cannot be scored."""
    if metric.spec is not None and metric.spec.name in _FOR_RETRIEVERS:
        return _RETRIEVER
    return tuple(name for name in metric.arguments()[0] if name != PREVIOUS)


class Scorer:
    """Scores batches. Any number of threads may use it."""

    def __init__(
        self,
        metrics: Sequence[EvaluationMetric],
        mapping: TraceMapping,
        *,
        stop: threading.Event,
        rows_left: Callable[[], int],
        max_workers: int | None = None,
    ) -> None:
        """Prepare.

        Args:
            metrics: in the order in which they run.
            mapping: how rows are made, for the reasons why a column has no value.
            stop: no further metric begins once it is set.
            rows_left: how many rows are to come.
            max_workers: processes for metrics that need cores; by default one a core.
        """
        self._metrics: Final = tuple(metrics)
        self._needed: Final = {metric.key: needed_columns(metric) for metric in metrics}
        self._mapping: Final = mapping
        self._stop: Final = stop
        self._rows_left: Final = rows_left
        elsewhere = [metric for metric in metrics if _may_run_elsewhere(metric)]
        self._elsewhere: Final = frozenset(metric.key for metric in elsewhere)
        self._workers: Final = Workers(elsewhere, max_workers)
        self._torch: Final = threading.Lock()
        self._local: Final = threading.Lock()

    def close(self) -> None:
        """End the processes."""
        self._workers.close()

    def plan(
        self, rows: list[Row], is_done: Callable[[EvaluationMetric, Row], bool]
    ) -> tuple[Batch, list[tuple[str, str]]]:
        """A batch of what is to be scored, and for each row that a metric cannot score, one reason.

        Returns:
            The batch, and for each row (not each metric) that lacks something the reason and the trace ID.
        """
        batch = Batch(rows, {metric.key: [] for metric in self._metrics})
        reasons = list[tuple[str, str]]()
        for index, row in enumerate(rows):
            lacking: str | None = None
            for metric in self._metrics:
                missing = _mapping.missing(row, self._needed[metric.key])
                if missing:
                    lacking = lacking or _mapping.reason_for(missing[0], self._mapping)
                elif not is_done(metric, row):
                    batch.todo[metric.key].append(index)
            if lacking is not None:
                reasons.append((lacking, row["trace_id"]))
        return batch, reasons

    def score(self, batch: Batch) -> None:
        """Score a batch into its ``results``; less of it once ``stop`` is set.

        Raises:
            BudgetExceededError: judges may not be asked any more; what they said before is in the results.
            MetricError: a metric failed for every row of the batch.
            InvalidArgumentError: a metric is not one for traces.
        """
        for metric in self._metrics:
            indexes = batch.todo[metric.key]
            if not indexes or self._stop.is_set():
                continue
            results: dict[int, Given] = {}
            batch.results[metric.key] = results
            self._score_rows(metric, batch, indexes, results)
            faults = [given.error for given in results.values() if given.error]
            if len(faults) == len(indexes) > 1 and all(fault.startswith(_FAILED) for fault in faults):
                del batch.results[metric.key]
                raise MetricError(faults[0].removeprefix(_FAILED))

    def _score_rows(
        self, metric: EvaluationMetric, batch: Batch, indexes: list[int], results: dict[int, Given]
    ) -> None:
        """Score rows; where the metric fails for all of them together, in halves down to single rows."""
        from spanfold.metrics.genai._budget import BudgetExceededError  # noqa: PLC0415 - with judges

        waiting = [
            indexes[first : first + self._size(metric)]
            for first in range(0, len(indexes), self._size(metric))
        ]
        exceeded: BudgetExceededError | None = None
        while waiting:
            part = waiting.pop(0)
            try:
                value = self._run(metric, batch, part)
            except (MetricError, BudgetExceededError) as fault:
                if isinstance(fault, BudgetExceededError):
                    exceeded = fault
                    # What the cache knows of the others costs nothing.
                    if len(part) == 1:
                        continue
                if len(part) == 1:
                    results[part[0]] = Given(error=f"{_FAILED}{fault}")
                    continue
                middle = len(part) // 2
                waiting[:0] = [part[:middle], part[middle:]]
                continue
            results.update(zip(part, _given(metric, value, len(part)), strict=True))
        if exceeded is not None:
            raise exceeded

    def _size(self, metric: EvaluationMetric) -> int:
        return max(1, metric.batch_rows)

    def _run(self, metric: EvaluationMetric, batch: Batch, indexes: list[int]) -> MetricValue:
        accepted = metric.arguments()[1]
        rows = [batch.rows[index] for index in indexes]
        columns = {
            name: [row.get(name) for row in rows] for name in accepted if any(name in row for row in rows)
        }
        if metric.key in self._elsewhere:
            left = self._rows_left() + len(rows)
            return self._workers.score(metric, columns, len(rows), left)
        if metric.resource == "judge":
            return metric.score(columns)
        with self._torch if metric.resource == "torch" else self._local:
            previous = _previous(batch, indexes) if PREVIOUS in accepted else None
            return metric.score(columns, previous)


_FAILED: Final = "failed: "


def _may_run_elsewhere(metric: EvaluationMetric) -> bool:
    return metric.spec is not None and metric.resource == "cpu" and PREVIOUS not in metric.arguments()[1]


def _previous(batch: Batch, indexes: list[int]) -> dict[str, MetricValue]:
    """What the metrics before said of these rows."""
    nothing = Given()
    return {
        key: MetricValue(
            scores=[results.get(index, nothing).score for index in indexes],
            justifications=[results.get(index, nothing).justification for index in indexes],
        )
        for key, results in batch.results.items()
        if results
    }


def _given(metric: EvaluationMetric, value: MetricValue, rows: int) -> list[Given]:
    if value.scores is None:
        message = (
            f"metrics: {metric.name!r} says something of all rows together, not of each: it cannot score "
            "traces. Read the rows and pass them as data"
        )
        raise InvalidArgumentError(message)
    nothing: list[Any] = [None] * rows
    return [
        Given(score, justification, error, cost, calls or 0)
        for score, justification, error, cost, calls in zip(
            value.scores,
            value.justifications or nothing,
            value.errors or nothing,
            value.costs_usd or nothing,
            value.calls or nothing,
            strict=True,
        )
    ]


def score_events(
    metrics: Sequence[EvaluationMetric], batch: Batch, evaluation_id: str
) -> tuple[list[OutgoingEvent], list[tuple[str, float | None, str | None, bool]]]:
    """A batch's results as events, and as what is counted of them."""
    from spanfold.metrics.genai._judge import is_judge  # noqa: PLC0415 - `import spanfold` stays light

    events = list[Any]()
    counted = list[tuple[str, float | None, str | None, bool]]()
    for metric in metrics:
        source: SourceType = "LLM_JUDGE" if is_judge(metric) else "CODE"
        for index, given in batch.results.get(metric.key, {}).items():
            row = batch.rows[index]
            number, label, why_not = as_number(given.score)
            error = given.error if why_not is not None else None
            if why_not is not None:
                error = (given.error or why_not).removeprefix(_FAILED)
            events.append(
                score_event(
                    trace_id=row["trace_id"],
                    span_id=row["span_id"],
                    name=metric.name,
                    value=number,
                    label=label,
                    explanation=error or given.justification,
                    error=None if error is None else NO_SCORE,
                    model_id=row["model_id"],
                    evaluation_id=evaluation_id,
                    input_hash=row["input_hash"],
                    cost_usd=given.cost_usd,
                    calls=given.calls,
                    scorer=metric.scorer,
                    source=source,
                )
            )
            counted.append((metric.name, number, label, error is not None))
    return events, counted
