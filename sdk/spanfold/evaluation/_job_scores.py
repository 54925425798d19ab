"""What an evaluation has scored so far: which scores there are, and what they add up to. A few bytes each."""

from __future__ import annotations

import hashlib
import threading
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold.evaluation import _job_traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spanfold._internal.lookup import QueryApi
    from spanfold.metrics._metric import EvaluationMetric, ScoreType

MAX_LABELS: Final = 1_000
"""Different labels of one metric that are told apart."""
MIN_MERGED_KEYS: Final = 20_000
_KEY_BYTES: Final = 8


def key_of(trace_id: str, model_id: str) -> int:
    """What a scored trace is known by: a hash, since a million IDs as text are a hundred megabytes.

    The version belongs to it: a trace that entered two of them is scored for each. The span does not: if the
    root comes in after the entry of a service, it becomes the trace's entry.
    """
    text = f"{trace_id}/{model_id}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=_KEY_BYTES).digest())


@dataclass(slots=True)
class Tally:
    """The scores of one metric: 8 bytes each."""

    numbers: array[float] = field(default_factory=lambda: array("d"))
    labels: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    done: array[int] = field(default_factory=lambda: array("Q"))
    """Keys of what was scored before this process began, in order."""

    @property
    def count(self) -> int:
        """Scores, without errors."""
        return len(self.numbers) + sum(self.labels.values())

    def add(self, value: float | None, label: str | None, *, is_error: bool) -> None:
        """Count one."""
        if is_error:
            self.errors += 1
        elif value is not None:
            self.numbers.append(value)
        elif label is not None:
            known = label if label in self.labels or len(self.labels) < MAX_LABELS else "(others)"
            self.labels[known] = self.labels.get(known, 0) + 1

    def has(self, key: int) -> bool:
        """Whether it was scored before this process began."""
        return _holds(self.done, key)

    def aggregates(self, metric: EvaluationMetric) -> Mapping[str, float]:
        """What the metric makes of all its scores together."""
        scores: Sequence[ScoreType] = self.numbers
        if self.labels:
            named = [label for label, count in self.labels.items() for _ in range(count)]
            scores = [*self.numbers, *named] if self.numbers else named
        return metric.aggregate(scores) if scores else {}


class Seen:
    """Keys that were met in this process: 8 bytes each, but for the newest."""

    def __init__(self) -> None:
        self._newest: Final = set[int]()
        self._older = array("Q")

    def is_new(self, key: int) -> bool:
        """Whether this key was not met before; from now on it was."""
        if key in self._newest or _holds(self._older, key):
            return False
        self._newest.add(key)
        if len(self._newest) >= MIN_MERGED_KEYS + len(self._older) // 4:
            self._older = array("Q", sorted([*self._older, *self._newest]))
            self._newest.clear()
        return True


def _holds(ordered: array[int], key: int) -> bool:
    place = bisect_left(ordered, key)
    return place < len(ordered) and ordered[place] == key


class Scores:
    """All scores of an evaluation. Threads may share it."""

    def __init__(self, metrics: Iterable[EvaluationMetric]) -> None:
        self._metrics: Final = tuple(metrics)
        self._tallies: Final = {metric.name: Tally() for metric in self._metrics}
        self._lock: Final = threading.Lock()
        self.cost_usd = 0.0
        """What the scores from before this process cost."""
        self.calls = 0

    @property
    def count(self) -> int:
        """Scores so far, without errors."""
        return sum(tally.count for tally in self._tallies.values())

    @property
    def errors(self) -> int:
        """Scores that could not be given."""
        return sum(tally.errors for tally in self._tallies.values())

    def restore(self, query_api: QueryApi, evaluation_id: str, *, retry_failed: bool) -> None:
        """Read what is stored already.

        Args:
            query_api: whom to ask.
            evaluation_id: of which evaluation.
            retry_failed: take what could not be scored for not done.

        Raises:
            ServerUnavailableError: no usable answer.
        """
        # Read anew where an answer broke off: nothing of that may count.
        tallies = {name: Tally() for name in self._tallies}
        cost_usd, calls = 0.0, 0
        for stored in _job_traces.lines(
            query_api,
            f"/v1/evaluations/{evaluation_id}/scores",
            columns="trace_id,model_id,name,value,label,error,cost_usd,calls",
            format="jsonl",
        ):
            cost_usd += stored["cost_usd"] or 0.0
            calls += stored["calls"] or 0
            tally = tallies.get(stored["name"])
            if tally is None or (stored["error"] and retry_failed):
                continue
            tally.done.append(key_of(stored["trace_id"], stored["model_id"]))
            tally.add(stored["value"], stored["label"] or None, is_error=bool(stored["error"]))
        for tally in tallies.values():
            tally.done = array("Q", sorted(tally.done))
        self._tallies.update(tallies)
        self.cost_usd, self.calls = cost_usd, calls

    def leave_out(self, done: Mapping[str, Iterable[int]]) -> None:
        """Take these for scored: keys by the metric's name. They are not counted."""
        for name, found in done.items():
            if name in self._tallies:
                self._tallies[name].done = array("Q", sorted(found))

    def has(self, name: str, key: int) -> bool:
        """Whether this metric scored this trace before this process began."""
        return self._tallies[name].has(key)

    def has_all(self, key: int) -> bool:
        """Whether every metric did."""
        return all(tally.has(key) for tally in self._tallies.values())

    def add(self, given: Iterable[tuple[str, float | None, str | None, bool]]) -> None:
        """Count scores: each the metric's name, number, label, and whether it is an error."""
        with self._lock:
            for name, value, label, is_error in given:
                self._tallies[name].add(value, label, is_error=is_error)

    def aggregates(self) -> dict[str, float]:
        """Over all scores, by the keys of results."""
        from spanfold.evaluation._rows_events import finite  # noqa: PLC0415 - with the rest of results
        from spanfold.evaluation._rows_scoring import keyed  # noqa: PLC0415

        found = dict[str, float]()
        with self._lock:
            for metric in self._metrics:
                found |= keyed(metric, self._tallies[metric.name].aggregates(metric))
        return finite(found)


def as_number(score: Any) -> tuple[float | None, str | None, str | None]:
    """A metric's score as a number, a label, or why it is neither.

    Example:
        >>> as_number(True), as_number("yes"), as_number(None)
        ((1.0, None, None), (None, 'yes', None), (None, None, 'the metric gave no score'))
    """
    if score is None:
        return None, None, "the metric gave no score"
    if isinstance(score, str):
        return None, score, None
    try:
        number = float(score)
    except (TypeError, ValueError, OverflowError):
        return None, None, f"the metric gave {type(score).__name__}, which is no score"
    if number - number != 0:  # infinite, or no number
        return None, None, f"the metric gave {number}, which is no score"
    return number, None, None
