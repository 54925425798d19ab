"""Retrieved documents, first the best, against those that should have been found. Values as MLflow's."""

from __future__ import annotations

import functools
import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._built_in import RowError, built_in, check_count, score_rows
from spanfold.metrics._metric import MetricArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue

FOUND: Final = ("retrieved_doc_ids", "predictions")
"""Columns with the IDs that were found: the first that there is."""
WANTED: Final = ("expected_documents", "targets")


def _ids(name: str, value: object) -> list[Hashable]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise RowError(f"{name} is no list of document IDs but {type(value).__name__}")
    ids = list(value)
    for one in ids:
        if isinstance(one, float) or not hasattr(one, "__hash__") or one.__hash__ is None:
            raise RowError(f"{name}: {one!r} is no document ID: text or a whole number is needed")
    return ids


def _precision(found: list[Hashable], wanted: set[Hashable], k: int) -> float:
    top = found[:k]
    return sum(one in wanted for one in top) / len(top) if top else 0.0


def _recall(found: list[Hashable], wanted: set[Hashable], k: int) -> float:
    top = set(found[:k])
    if wanted:
        return len(wanted & top) / len(wanted)
    return float(not top)


def _ndcg(found: list[Hashable], wanted: set[Hashable], k: int) -> float:
    """Documents found twice count twice, and the ideal order then has them twice as well."""
    if not found or not wanted:
        return float(not found and not wanted)
    top = found[:k]
    gain = sum(1 / math.log2(place + 2) for place, one in enumerate(top) if one in wanted)
    again = sum(times - 1 for one, times in Counter(top).items() if one in wanted)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(len(wanted) + again, len(top))))
    return gain / ideal


_FORMULAS: Final[Mapping[str, Callable[[list[Hashable], set[Hashable], int], float]]] = {
    "precision_at_k": _precision,
    "recall_at_k": _recall,
    "ndcg_at_k": _ndcg,
}


def _column(columns: Mapping[str, Sequence[Any]], names: tuple[str, str], metric: str) -> tuple[str, Any]:
    for name in names:
        if name in columns:
            return name, columns[name]
    message = f"metric {metric!r} needs the column {names[0]!r} or {names[1]!r}; the rows have neither"
    raise MetricArgumentError(message)


def _score(*, formula: str, k: int, **columns: Sequence[Any]) -> MetricValue:
    found_name, found = _column(columns, FOUND, formula)
    wanted_name, wanted = _column(columns, WANTED, formula)
    compute = _FORMULAS[formula]

    def of_row(found_ids: object, wanted_ids: object) -> float:
        return compute(_ids(found_name, found_ids), set(_ids(wanted_name, wanted_ids)), k)

    return score_rows(of_row, **{found_name: found, wanted_name: wanted})


def _at_k(formula: str, k: int) -> EvaluationMetric:
    check_count("k", k)
    return built_in(
        f"{formula.removesuffix('k')}{k}",
        functools.partial(_score, formula=formula, k=k),
        greater_is_better=True,
        columns=(),
        optional=(*FOUND, *WANTED),
        registered=formula,
        parameters={"k": k},
    )


def precision_at_k(k: int) -> EvaluationMetric:
    """Share of the first k retrieved documents that should have been found; 0 where none was retrieved.

    Needs lists of document IDs: ``retrieved_doc_ids`` (or ``predictions``) and ``expected_documents`` (or
    ``targets``). The results' keys begin with ``precision_at_<k>``. Equal to MLflow's, like its siblings.

    Args:
        k: from 1.

    Raises:
        InvalidArgumentError: k is no whole number from 1.

    Example:
        >>> precision_at_k(2).score({"predictions": [["a", "b", "c"]], "targets": [["a"]]}).scores
        [0.5]
    """
    return _at_k("precision_at_k", k)


def recall_at_k(k: int) -> EvaluationMetric:
    """Share of the documents to find that are among the first k retrieved. See :func:`precision_at_k`.

    Where there was nothing to find: 1 if nothing was retrieved, else 0.
    """
    return _at_k("recall_at_k", k)


def ndcg_at_k(k: int) -> EvaluationMetric:
    """Normalised discounted cumulative gain of the first k: earlier is better. See :func:`precision_at_k`.

    Where there was nothing to find: 1 if nothing was retrieved, else 0.

    Source: Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques (2002), with relevance
    0 or 1.
    """
    return _at_k("ndcg_at_k", k)
