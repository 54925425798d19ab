"""What an evaluation returns: its numbers, and the rows that they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _result_files
from spanfold.evaluation._table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import pandas as pd
    import pyarrow as pa

EVAL_RESULTS_TABLE: Final = "eval_results_table"
"""The one table there is, by MLflow's name for it."""
MAX_SHOWN_METRICS: Final = 40


class Rows(Protocol):
    """Rows of a result, in memory or elsewhere. Each iteration starts at the first row.

    A row has the columns of the data and, for each metric, ``<key>/score``, ``<key>/justification`` and
    ``<key>/error``; rows of traces have ``trace_id``, ``inputs``, ``outputs`` and ``target`` besides. A name
    that a row lacks stands for None.
    """

    @property
    def names(self) -> Sequence[str]:
        """Columns that rows can have, in the order in which they are shown."""

    @property
    def row_count(self) -> int | None:
        """How many rows there are; None: not known before they were read."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Row by row.

        Raises:
            ServerUnavailableError: they are on a server that gives no usable answer.
        """


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What readers of a result need to know of a metric.

    Example:
        >>> MetricInfo("exact_match/v1", "exact_match", greater_is_better=True).key
        'exact_match/v1'
    """

    key: str
    name: str
    greater_is_better: bool | None = None
    scorer: str = ""
    """The judge's model, the classifier; empty where the name says it all."""
    resource: str = "cpu"


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns hold what was asked, what was answered, and what would have been right."""

    inputs: tuple[str, ...] = ("inputs",)
    outputs: str | None = "outputs"
    target: str | None = "target"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EvaluationResult:
    """Numbers of all rows together, and the rows. From :func:`spanfold.evaluate`.

    Example:
        >>> result = EvaluationResult(evaluation_id="e-1", metrics={"token_f1/mean": 0.5})
        >>> result.metrics["token_f1/mean"]
        0.5
    """

    evaluation_id: str
    """``e-`` and 32 hexadecimal digits: what the server knows it by."""
    metrics: Mapping[str, float]
    """By ``<key>/<aggregate>``: ``toxicity/v1/mean``, ``token_f1/p90``."""
    rows: Rows = field(default_factory=lambda: Table({}, 0))
    name: str = ""
    source: Literal["rows", "traces"] = "rows"
    status: str = "FINISHED"
    """``FINISHED``, ``FAILED`` or ``CANCELLED``: of the last two, the numbers are of the rows so far."""
    reason: str | None = None
    """Why it did not finish, and how to go on."""
    run_id: str | None = None
    """The run that the metrics were logged to."""
    model_ids: tuple[str, ...] = ()
    """Versions that were evaluated."""
    infos: tuple[MetricInfo, ...] = ()
    """The metrics, in order."""
    roles: Roles = Roles()
    errors: Mapping[str, str] = field(default_factory=dict)
    """Metrics that failed as a whole, by key, and why. Why single rows have no score, the rows say."""
    unmapped: Mapping[str, int] = field(default_factory=dict)
    """Traces of which no row could be made, counted by reason."""
    cost_usd: float | None = None
    """What judges and the evaluated endpoint cost, in US dollars; None: not known."""
    calls: int = 0
    """Calls to judges and the evaluated endpoint that were paid for."""
    duration_s: float | None = None

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """``tables["eval_results_table"]`` is :meth:`to_pandas`, read when it is first asked for."""
        return _Tables(self)

    def iter_rows(self) -> Iterator[dict[str, Any]]:
        """Row by row, without holding all of them; those of traces come from the server.

        Raises:
            ServerUnavailableError: the server gave no usable answer.
        """
        yield from self.rows

    def scores(self, key: str) -> list[Any]:
        """A metric's score of each row, in order; None where a row has none.

        Args:
            key: of the metric: ``exact_match/v1``.

        Raises:
            InvalidArgumentError: no metric has this key; the message lists those that there are.
        """
        if key not in {info.key for info in self.infos}:
            known = ", ".join(info.key for info in self.infos) or "none"
            message = f"key: no metric of this evaluation is called {key!r}; there are {known}"
            raise InvalidArgumentError(message)
        return [row.get(f"{key}/score") for row in self.rows]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each row, or trace.

        Raises:
            InvalidArgumentError: pandas is not installed.
        """
        return _result_files.to_pandas(self.rows)

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table; columns whose values have no common type become JSON text.

        Raises:
            InvalidArgumentError: pyarrow is not installed.
        """
        return _result_files.to_arrow(self.rows)

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """All of it as JSON text, also written to ``path`` if one is given."""
        return _result_files.to_json(self, path)

    def to_csv(self, path: str | PathLike[str], *, for_spreadsheets: bool = False) -> None:
        """Write the rows as CSV.

        Args:
            path: the file.
            for_spreadsheets: put an apostrophe before text that a spreadsheet would run as a formula. Prompts
                are other people's text: do so before you open the file in one.
        """
        _result_files.to_csv(self.rows, path, for_spreadsheets=for_spreadsheets)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write a report that opens offline: numbers, plots, and rows. It loads nothing from elsewhere."""
        from spanfold.evaluation import _report  # noqa: PLC0415 - needed by few

        _report.write(self, path)

    def save(self, folder: str | PathLike[str]) -> None:
        """Keep it in a folder, which :meth:`load` reads. Files of an earlier result there are replaced."""
        _result_files.save(self, folder)

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> EvaluationResult:
        """Read what :meth:`save` kept. Rows are read from the file as they are asked for.

        Raises:
            InvalidArgumentError: there is no result in the folder, or it is of a later release.
        """
        return _result_files.load(folder)

    def to_dict(self) -> dict[str, Any]:
        """All but the rows, for JSON."""
        return _result_files.head(self)

    def __repr__(self) -> str:
        lines = [
            f"EvaluationResult({self.evaluation_id}, {self.status}"
            + (f", {self.rows.row_count} rows" if self.rows.row_count is not None else "")
            + ")"
        ]
        shown = list(self.metrics.items())[:MAX_SHOWN_METRICS]
        width = max((len(key) for key, _ in shown), default=0)
        lines += [f"  {key:<{width}}  {value:.6g}" for key, value in shown]
        if len(self.metrics) > len(shown):
            lines.append(f"  and {len(self.metrics) - len(shown)} more in .metrics")
        lines += [f"  {key}: {why}" for key, why in self.errors.items()]
        lines += [f"  not scored: {count} ({why})" for why, count in self.unmapped.items()]
        if self.reason:
            lines.append(f"  {self.reason}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What notebooks show."""
        from spanfold.evaluation import _report  # noqa: PLC0415 - needed by few

        return _report.fragment(self)


class _Tables(Mapping[str, Any]):
    """Makes the data frame when it is first asked for: the rows may be a million, on a server."""

    def __init__(self, result: EvaluationResult) -> None:
        self._result = result
        self._frame: pd.DataFrame | None = None

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name != EVAL_RESULTS_TABLE:
            raise KeyError(name)
        if self._frame is None:
            self._frame = self._result.to_pandas()
        return self._frame

    def __iter__(self) -> Iterator[str]:
        return iter((EVAL_RESULTS_TABLE,))

    def __len__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return f"{{{EVAL_RESULTS_TABLE!r}: <{self._result.rows.row_count} rows>}}"
