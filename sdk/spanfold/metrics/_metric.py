"""What a metric is: a named function over columns of rows, whose arguments are bound by their names."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from spanfold.errors import InvalidArgumentError, SpanfoldError
from spanfold.metrics._aggregations import standard_aggregations

if TYPE_CHECKING:
    from collections.abc import Callable

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""Rows, column by column: ``predictions``, ``targets``, ``inputs``, and whatever else the data has."""
ScoreType: TypeAlias = float | int | bool | str | None
"""A row's score. Text is a label, such as ``"yes"``; None: it has none."""

PREVIOUS: Final = "metrics"
"""The argument that gets the results of the metrics before, by their keys."""
_COLUMNS: Final = ("scores", "justifications", "errors", "costs_usd", "calls")
"""What a value has one of for each row."""
NOTHING: Final = frozenset({"NAType", "NaTType"})
"""What pandas puts where there is no value."""


@dataclass(frozen=True, slots=True)
class MetricValue:
    """What a metric says of some rows. The first three fields are MLflow's.

    Example:
        >>> MetricValue(scores=[1.0, 0.0], aggregate_results={"mean": 0.5}).scores
        [1.0, 0.0]
    """

    scores: Sequence[ScoreType] | None = None
    """One a row; None for a metric that only says something of all rows together."""
    justifications: Sequence[str | None] | None = None
    """Why, one a row."""
    aggregate_results: Mapping[str, float] | None = None
    """What it says of all rows together, by name: ``mean``, ``p90``, ..."""
    errors: Sequence[str | None] | None = None
    """Why a row has no score, one a row."""
    costs_usd: Sequence[float | None] | None = None
    """What scoring the row cost in US dollars, one a row; 0 for what the cache knew."""
    calls: Sequence[int] | None = None
    """Calls to a judge that were paid for, one number a row."""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """All that it takes to make a built-in metric or a judge again, elsewhere; JSON can say it.

    Example:
        >>> MetricSpec("regex_match", {"pattern": "^[0-9]+$"}).to_dict()
        {'name': 'regex_match', 'parameters': {'pattern': '^[0-9]+$'}}
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"name": self.name, "parameters": dict(self.parameters)}


class MetricArgumentError(InvalidArgumentError):
    """A metric needs a column that the rows do not have."""


class MetricError(SpanfoldError):
    """A metric failed, or what it returned cannot be used; the message names it and says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationMetric:
    """A metric. Made by :func:`make_metric`, :func:`make_genai_metric` or one of the built-ins."""

    eval_fn: Callable[..., Any]
    """Gets each of its arguments as a column of that name, and returns a :class:`MetricValue`, a score a row,
    or a number for all rows."""
    name: str
    greater_is_better: bool | None
    """None where neither direction is better, such as the length of an answer."""
    version: str | None = None
    """``v1`` makes the keys ``<name>/v1/score`` and ``<name>/v1/mean``, as MLflow's."""
    long_name: str | None = None
    metric_details: str | None = None
    metric_metadata: Mapping[str, Any] | None = None
    aggregate: Callable[[Sequence[ScoreType]], Mapping[str, float]] = standard_aggregations
    """Makes aggregates of the scores of all rows; those that ``eval_fn`` returns win."""
    resource: Literal["cpu", "torch", "judge"] = "cpu"
    """What limits it: cores (rows are spread over processes), a model on this machine (batches), or calls to
    a judge elsewhere (many at a time)."""
    batch_rows: int = 256
    """How many rows it wants to see at a time."""
    spec: MetricSpec | None = None
    """How another process makes it; None for a function that only this one has."""
    scorer: str = ""
    """What gives the scores, where the name does not say it: the model of a judge, the classifier."""
    requires: tuple[str, ...] | None = None
    """Columns that it needs; None: those arguments of ``eval_fn`` that have no default."""
    accepts: tuple[str, ...] | None = None
    """Columns that it uses; None: all arguments of ``eval_fn``."""
    takes_series: bool = False
    """Columns reach ``eval_fn`` as pandas Series where pandas is there, which people's functions expect."""

    @property
    def key(self) -> str:
        """The name with the version, which begins all keys of its results: ``toxicity/v1``."""
        return f"{self.name}/{self.version}" if self.version else self.name

    def arguments(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Columns that it needs, and all that it uses."""
        if self.requires is not None and self.accepts is not None:
            return self.requires, self.accepts
        parameters = inspect.signature(self.eval_fn).parameters.values()
        named = [one for one in parameters if one.kind not in {one.VAR_POSITIONAL, one.VAR_KEYWORD}]
        needed = tuple(one.name for one in named if one.default is one.empty)
        return (
            needed if self.requires is None else self.requires,
            tuple(one.name for one in named) if self.accepts is None else self.accepts,
        )

    def missing(self, columns: Columns) -> tuple[str, ...]:
        """Columns that it needs and that these rows lack."""
        return tuple(name for name in self.arguments()[0] if name != PREVIOUS and name not in columns)

    def score(self, columns: Columns, previous: Mapping[str, MetricValue] | None = None) -> MetricValue:
        """Score rows.

        Args:
            columns: the rows; every column has the same length.
            previous: results of the metrics that came before, by key, for functions with an argument
                ``metrics``.

        Raises:
            MetricArgumentError: a column that it needs is not there; the message names those that are.
            MetricError: the function raised, or returned something else than it may.
        """
        if absent := self.missing(columns):
            message = (
                f"metric {self.name!r} needs the column {absent[0]!r}, which the rows do not have; they have "
                f"{', '.join(sorted(columns)) or 'none'}. Rename a column, or map one: evaluator_config="
                f'{{"col_mapping": {{{absent[0]!r}: "<one of them>"}}}}'
            )
            raise MetricArgumentError(message)
        accepted = self.arguments()[1]
        given: dict[str, Any] = {name: columns[name] for name in accepted if name in columns}
        if self.takes_series:
            given = {name: _series(values) for name, values in given.items()}
        if PREVIOUS in accepted and PREVIOUS not in columns:
            given[PREVIOUS] = dict(previous or {})
        row_count = len(next(iter(columns.values()), ()))
        try:
            returned = self.eval_fn(**given)
        except SpanfoldError:
            raise
        except Exception as fault:
            message = f"metric {self.name!r} failed: {type(fault).__name__}: {fault}"
            raise MetricError(message) from fault
        return self._checked(returned, row_count)

    def with_aggregates(self, value: MetricValue) -> MetricValue:
        """The value, with aggregates of its scores where the function returned none."""
        if value.aggregate_results is not None or value.scores is None:
            return value
        return replace(value, aggregate_results=dict(self.aggregate(value.scores)))

    def _checked(self, returned: object, row_count: int) -> MetricValue:
        try:
            value = self._read(returned)
        except (TypeError, ValueError, OverflowError) as fault:
            if inspect.iscoroutine(returned):
                returned.close()
            message = (
                f"metric {self.name!r} returned {reprlib.repr(returned)}: return a MetricValue, a list with "
                f"a score a row, or a number ({fault})"
            )
            raise MetricError(message) from fault
        for name in _COLUMNS:
            column = getattr(value, name)
            if column is not None and len(column) != row_count:
                message = f"metric {self.name!r} returned {len(column)} {name} for {row_count} rows"
                raise MetricError(message)
        return value

    def _read(self, returned: Any) -> MetricValue:
        """What a function returned, as a value.

        Raises:
            TypeError, ValueError, OverflowError: it is nothing that a metric may return.
        """
        match returned:
            case MetricValue():
                columns = {name: _listed(getattr(returned, name)) for name in _COLUMNS}
                if not isinstance(returned.aggregate_results, Mapping | None):
                    raise TypeError("aggregate_results is a dict of numbers by their names")
                return replace(returned, **columns)
            case bool() | int() | float():
                return MetricValue(aggregate_results={self.name: float(returned)})
            case Mapping():
                numbers = {str(key): float(one) for key, one in returned.items()}
                return MetricValue(aggregate_results=numbers)
            case None | str() | bytes():
                raise TypeError("that is none of them")
        if getattr(returned, "ndim", None) == 0 or not hasattr(returned, "__iter__"):
            return MetricValue(aggregate_results={self.name: float(returned)})  # NumPy's numbers, Decimal
        return MetricValue(scores=_listed(returned))


def make_metric(  # noqa: PLR0913 - MLflow's signature
    *,
    eval_fn: Callable[..., Any],
    greater_is_better: bool | None,
    name: str | None = None,
    long_name: str | None = None,
    version: str | None = None,
    metric_details: str | None = None,
    metric_metadata: Mapping[str, Any] | None = None,
) -> EvaluationMetric:
    """Make a metric of a function.

    Args:
        eval_fn: its arguments are bound by name: ``predictions``, ``targets``, ``metrics`` (the results of
            the metrics before, by key) and any column of the data. It returns a :class:`MetricValue`, a list
            with a score a row, or a number.
        greater_is_better: None where neither direction is.
        name: of the results' keys; the function's name by default.
        long_name: for people.
        version: ``v1`` makes the keys ``<name>/v1/...``.
        metric_details: how it works, for people.
        metric_metadata: anything to keep with it.

    Raises:
        InvalidArgumentError: the function has no usable name and none is given.

    Example:
        >>> def over_10_chars(predictions):
        ...     return ["yes" if len(text) > 10 else "no" for text in predictions]
        >>> metric = make_metric(eval_fn=over_10_chars, greater_is_better=False)
        >>> list(metric.score({"predictions": ["short", "a longer answer"]}).scores)
        ['no', 'yes']
    """
    if not callable(eval_fn):
        raise InvalidArgumentError(f"eval_fn: a function of columns, not {type(eval_fn).__name__}")
    chosen = name if name is not None else getattr(eval_fn, "__name__", "")
    if not isinstance(chosen, str):
        raise InvalidArgumentError(f"name={chosen!r}: text, which keys of results begin with")
    if not chosen or chosen == "<lambda>":
        raise InvalidArgumentError(
            "name: this function has none of its own, so give one: make_metric(name=...)"
        )
    return EvaluationMetric(
        eval_fn=eval_fn,
        name=chosen,
        greater_is_better=greater_is_better,
        long_name=long_name,
        version=version,
        metric_details=metric_details,
        metric_metadata=metric_metadata,
        takes_series=True,
    )


def _listed(values: Any) -> Any:
    """A column as a list, in which what pandas has for missing values is None."""
    if values is None:
        return None
    if isinstance(values, set | frozenset):
        raise TypeError("a set has no order")
    listed = values.tolist() if hasattr(values, "tolist") else values
    listed = listed if isinstance(listed, list) else list(listed)
    if all(type(one).__name__ not in NOTHING for one in listed):
        return listed
    return [None if type(one).__name__ in NOTHING else one for one in listed]


def _series(values: Sequence[Any]) -> Any:
    """A pandas Series where pandas is installed: MLflow's functions get one."""
    try:
        import pandas as pd  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return values
    return pd.Series(values, dtype=object)
