"""Tells the server of an evaluation of rows. Nothing here may keep the evaluation from its result."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import events, metrics, resolve, runs
from spanfold._internal.faults import contained, logger
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold.evaluation._rows_scoring import Scored
    from spanfold.evaluation._sender import OutgoingEvent
    from spanfold.metrics._metric import EvaluationMetric

MAX_AGGREGATES: Final = 500
"""In one event."""
_MAX_LOGGED: Final = 100
_MAX_CONFIGURATION_BYTES: Final = 60_000
_SCORES_TIMEOUT_S: Final = 5.0
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"(?!0{16})[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Recorder:
    """One evaluation, as the server hears of it."""

    name: str
    run_id: str | None
    model_id: str | None
    row_count: int
    evaluation_id: str = field(default_factory=ids.new_evaluation_id)

    def started(self, used: Sequence[EvaluationMetric], options: Mapping[str, Any]) -> None:
        """It begins."""
        with contained("record that an evaluation started"):
            described = [describe(metric) for metric in used]
            if len(json.dumps(described).encode()) > _MAX_CONFIGURATION_BYTES:
                # Long prompts and examples of judges: what they were called has to do.
                described = [{**one, "parameters": {}, "local": True} for one in described]
            self._record(
                keys.EVALUATION_STARTED,
                {
                    "name": self.name,
                    "experiment_id": resolve.experiment(),
                    "source": "rows",
                    "metrics": described,
                    "selection": None,
                    "options": {name: value for name, value in options.items() if value is not None},
                    "run_id": self.run_id,
                    "model_ids": [self.model_id] if self.model_id else [],
                    "total": self.row_count,
                    "user": runs._user(),  # noqa: SLF001 - as runs tell
                    "runner": "client",
                    "monitor_id": None,
                },
            )

    def ended(self, scored: Scored, *, calls: int, cost_usd: float, reason: str | None) -> None:
        """It is over; with a reason: without having done all that was asked for."""
        with contained("record that an evaluation ended"):
            payload = {
                "metrics": dict(list(finite(scored.aggregates).items())[:MAX_AGGREGATES]),
                "done": self.row_count,
                "total": self.row_count,
                "failed": scored.failed_count,
                "unmapped": 0,
                "calls": calls,
                "cost_usd": cost_usd,
                "scores": scored.score_count,
                "unmapped_reasons": {},
            }
            if reason is None:
                self._record(keys.EVALUATION_FINISHED, payload)
            else:
                self._record(keys.EVALUATION_FAILED, {**payload, "reason": reason[:8_000]})

    def failed(self, fault: BaseException) -> None:
        """It broke off."""
        with contained("record that an evaluation failed"):
            reason = f"{type(fault).__name__}: {fault}"[:8_000].encode("utf-8", "replace").decode()
            self._record(keys.EVALUATION_FAILED, {"reason": reason, "done": 0, "total": self.row_count})

    def log(self, aggregates: Mapping[str, float]) -> None:
        """Log the numbers to the run, and to the version."""
        with contained("log the metrics of an evaluation"):
            entries = list(finite(aggregates).items())
            for first in range(0, len(entries), _MAX_LOGGED):
                some = dict(entries[first : first + _MAX_LOGGED])
                metrics.log_metrics(some, run_id=self.run_id, model_id=self.model_id)

    def send_scores(
        self, used: Sequence[EvaluationMetric], scored: Scored, columns: Mapping[str, Sequence[Any]]
    ) -> None:
        """Give rows of traces their scores, where the traces are."""
        trace_ids = columns.get("trace_id")
        if trace_ids is None:
            return
        from spanfold.evaluation._sender import EventSender  # noqa: PLC0415 - slow to import

        outgoing = list(self._score_events(used, scored, trace_ids, columns.get("span_id")))
        try:
            sender = EventSender(timeout_s=_SCORES_TIMEOUT_S)
            try:
                sender.send(outgoing)
            finally:
                sender.close()
        except Exception as fault:  # noqa: BLE001 - the result is there, and worth more
            logger.warning("the scores were not recorded at their traces: %s", fault)

    def _score_events(
        self,
        used: Sequence[EvaluationMetric],
        scored: Scored,
        trace_ids: Sequence[Any],
        span_ids: Sequence[Any] | None,
    ) -> Iterator[OutgoingEvent]:
        from spanfold.evaluation._sender import score_event  # noqa: PLC0415

        now = events.now_unix_ns()
        for metric in used:
            value = scored.values.get(metric.key)
            if value is None or value.scores is None:
                continue
            for index, score in enumerate(value.scores):
                trace_id = trace_ids[index]
                if not _is_score(score) or not _matches(_TRACE_ID, trace_id):
                    continue
                span_id: Any = None if span_ids is None else span_ids[index]
                yield score_event(
                    trace_id=trace_id,
                    span_id=span_id if _matches(_SPAN_ID, span_id) else "",
                    name=metric.name,
                    value=score,
                    explanation=None if value.justifications is None else value.justifications[index],
                    model_id=self.model_id or "",
                    evaluation_id=self.evaluation_id,
                    cost_usd=None if value.costs_usd is None else value.costs_usd[index],
                    calls=0 if value.calls is None else value.calls[index],
                    scorer=metric.scorer,
                    source=_source(metric),
                    time_unix_ns=now,
                )

    def _record(self, event_type: str, payload: Mapping[str, Any]) -> None:
        events.record(event_type, self.evaluation_id, payload)


def describe(metric: EvaluationMetric) -> dict[str, Any]:
    """A metric as an evaluation's events have it.

    Example:
        >>> from spanfold.metrics import make_metric
        >>> describe(make_metric(eval_fn=len, greater_is_better=None))["local"]
        True
    """
    made = {"name": metric.name, "local": True} if metric.spec is None else asdict(metric.spec)
    return {
        **made,
        "key": metric.key,
        "greater_is_better": metric.greater_is_better,
        "resource": metric.resource,
        "scorer": metric.scorer,
    }


def finite(aggregates: Mapping[str, float]) -> dict[str, float]:
    """Without what is no number, and without halves of characters in names: events cannot say it."""
    return {
        key.encode("utf-8", "replace").decode(): value
        for key, value in aggregates.items()
        if math.isfinite(value)
    }


def _source(metric: EvaluationMetric) -> Any:
    """Of what kind is that which gives the scores."""
    from spanfold.metrics.genai._judge import is_judge  # noqa: PLC0415 - `import spanfold` stays light

    return "LLM_JUDGE" if is_judge(metric) else "CODE"


def _is_score(score: Any) -> bool:
    return score is not None and not (isinstance(score, float) and not math.isfinite(score))


def _matches(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None
