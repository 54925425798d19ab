"""Judges: rows to questions, replies to scores, and one more try where a reply cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._built_in import plain
from spanfold.metrics._metric import MetricValue
from spanfold.metrics.genai._backend import Connection, JudgeReply, JudgeRequest, Limits, open_backend
from spanfold.metrics.genai._budget import BudgetExceededError
from spanfold.metrics.genai._prompts import INPUT, OUTPUT, Criterion, Template, repair
from spanfold.metrics.genai._verdict import Scale, Verdict, VerdictError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from spanfold.metrics._metric import EvaluationMetric
    from spanfold.metrics.genai._backend import JudgeBackend

_NAMES: Final = {"inputs": INPUT, "predictions": OUTPUT}
"""What the judge is shown a column as."""


@dataclass(frozen=True, slots=True)
class _Row:
    position: int
    messages: tuple[Mapping[str, str], ...]


@dataclass(slots=True)
class _Results:
    """One entry a row."""

    scores: list[int | float | None]
    justifications: list[str | None]
    errors: list[str | None]
    costs_usd: list[float | None]
    calls: list[int]

    @classmethod
    def empty(cls, count: int) -> _Results:
        return cls([None] * count, [None] * count, [None] * count, [0.0] * count, [0] * count)

    def value(self, otherwise: str | None = None) -> MetricValue:
        """As a metric returns it; ``otherwise`` is the error of rows that have neither score nor error."""
        if otherwise is not None:
            pairs = zip(self.scores, self.errors, strict=True)
            self.errors = [otherwise if score is None and not error else error for score, error in pairs]
        return MetricValue(
            scores=self.scores,
            justifications=self.justifications,
            errors=self.errors,
            costs_usd=self.costs_usd,
            calls=self.calls,
        )

    def pay(self, position: int, reply: JudgeReply) -> None:
        """Add what a reply cost; what is not known makes the sum unknown."""
        before = self.costs_usd[position]
        known = before is not None and reply.cost_usd is not None
        self.costs_usd[position] = before + reply.cost_usd if known else None  # type: ignore[operator]
        self.calls[position] += reply.calls


@dataclass(frozen=True)
class Judge:
    """The ``eval_fn`` of a judge: called with columns, it asks and returns a value."""

    question: Criterion | Template
    columns: tuple[str, ...]
    model: str
    parameters: Mapping[str, Any]
    limits: Limits
    connection: Connection = field(default_factory=Connection)

    def __call__(self, **columns: Sequence[Any]) -> MetricValue:
        """Score rows.

        Raises:
            JudgeError: the judge cannot be asked at all.
            BudgetExceededError: the budget in force is used up; ``partial`` has what was scored before.
            InvalidArgumentError: the model cannot be opened, or its price is needed and not known.
        """
        count = len(next(iter(columns.values()), ()))
        results = _Results.empty(count)
        rows = list(self._rows(columns, count, results))
        if rows:
            backend = open_backend(self.model, limits=self.limits, connection=self.connection)
            try:
                unusable = self._ask(backend, rows, results, is_last=False)
                if unusable:
                    self._ask(backend, unusable, results, is_last=True)
            except BudgetExceededError as fault:
                exceeded = BudgetExceededError(str(fault))
                exceeded.partial = results.value(otherwise=str(fault))
                raise exceeded from fault
        return results.value()

    def requests(self, columns: Mapping[str, Sequence[Any]]) -> list[JudgeRequest]:
        """What it would ask about rows; those that lack something are left out."""
        count = len(next(iter(columns.values()), ()))
        return self._requests(self._rows(columns, count, _Results.empty(count)))

    @property
    def scale(self) -> Scale:
        """Which scores there are."""
        return self.question.scale

    def _rows(self, columns: Mapping[str, Sequence[Any]], count: int, results: _Results) -> Iterator[_Row]:
        """The questions; a row that lacks something gets an error instead."""
        system = self.question.system() if isinstance(self.question, Criterion) else ""
        for position in range(count):
            values = {name: columns[name][position] for name in self.columns}
            absent = [name for name, value in values.items() if plain(value) is None]
            if absent:
                results.errors[position] = f"the row has no value in {absent[0]!r}"
                continue
            if isinstance(self.question, Criterion):
                shown = {_NAMES.get(name, name): value for name, value in values.items()}
                yield _Row(position, self.question.messages(system, shown))
            else:
                yield _Row(position, self.question.messages(values))

    def _ask(
        self, backend: JudgeBackend, rows: Sequence[_Row], results: _Results, *, is_last: bool
    ) -> list[_Row]:
        """Ask about rows, and keep the scores; returns what to ask again."""
        requests = self._requests(rows)
        again: list[_Row] = []
        for number, reply in backend.complete(requests):
            row = rows[number]
            results.pay(row.position, reply)
            verdict = self._verdict(reply)
            if isinstance(verdict, Verdict):
                results.scores[row.position] = verdict.score
                results.justifications[row.position] = verdict.justification
            elif reply.text is not None and not is_last:
                again.append(replace(row, messages=repair(row.messages, reply.text, verdict)))
            else:
                results.errors[row.position] = verdict
                self._distrust(backend, requests[number], is_last=is_last)
        return again

    def _requests(self, rows: Iterable[_Row]) -> list[JudgeRequest]:
        schema = self.scale.schema()
        return [JudgeRequest(row.messages, schema, self.parameters) for row in rows]

    def _verdict(self, reply: JudgeReply) -> Verdict | str:
        if reply.text is None:
            return reply.error or "the judge gave no reply"
        try:
            return self.scale.read(reply.text)
        except VerdictError as fault:
            return f"the judge's reply cannot be used: {fault}"

    @staticmethod
    def _distrust(backend: JudgeBackend, request: JudgeRequest, *, is_last: bool) -> None:
        """Replies of no use are not cached for good: in an hour, the row may be asked for anew."""
        forget = getattr(backend, "distrust", None)
        if forget is None:
            return
        forget(request)
        if is_last:  # and the reply that this one was to mend
            forget(replace(request, messages=request.messages[:-2]))


def is_judge(metric: EvaluationMetric) -> bool:
    """Whether a language model gives a metric's scores, on this machine or elsewhere."""
    return isinstance(metric.eval_fn, Judge)
