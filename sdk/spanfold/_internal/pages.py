"""Lists that the query API answers page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold._internal.lookup import READ_TIMEOUT_S
from spanfold.errors import InvalidArgumentError, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spanfold._internal.lookup import Parameter, QueryApi

PAGE_SIZE: Final = 1_000


def items(
    query_api: QueryApi, path: str, key: str, max_results: int | None = None, **query: Parameter
) -> Iterator[dict[str, Any]]:
    """All items of a list, or the first ``max_results``; pages are asked for as they are needed.

    Raises:
        InvalidArgumentError: ``max_results`` is no number of items, or the query API refuses the question.
        ServerUnavailableError: no usable answer.
    """
    if max_results is not None and (isinstance(max_results, bool) or max_results < 0):
        message = f"max_results: a number of items, not {max_results!r}"
        raise InvalidArgumentError(message)
    left = max_results
    token: str | None = None
    while left is None or left > 0:
        limit = PAGE_SIZE if left is None else min(PAGE_SIZE, left)
        answer = query_api.get(path, timeout_s=READ_TIMEOUT_S, limit=limit, page_token=token, **query)
        if not isinstance(answer, dict) or not isinstance(answer.get(key), list):
            message = f"the query API at {query_api.address} answered {path} without {key!r}"
            raise ServerUnavailableError(message)
        yield from answer[key]
        left = None if left is None else left - len(answer[key])
        token = answer.get("next_page_token")
        if token is None:
            return


def order(given: Iterable[object] | None) -> list[str] | None:
    """MLflow's two ways to write an order, as the query API takes it.

    Raises:
        InvalidArgumentError: an entry is neither.

    Example:
        >>> order([{"field_name": "metrics.accuracy", "ascending": False}, "name"])
        ['metrics.accuracy DESC', 'name']
    """
    if given is None:
        return None
    clauses = list[str]()
    for clause in given:
        if isinstance(clause, str):
            clauses.append(clause)
        elif isinstance(clause, dict) and {"field_name"} <= clause.keys() <= {"field_name", "ascending"}:
            clauses.append(f"{clause['field_name']} {'ASC' if clause.get('ascending', True) else 'DESC'}")
        else:
            message = (
                "order_by: write 'creation_timestamp DESC', or "
                f"{{'field_name': 'creation_timestamp', 'ascending': False}}, not {clause!r}"
            )
            raise InvalidArgumentError(message)
    return clauses
