"""Reads the traces of an evaluation: page by page, so that no answer is held open while judges think."""

from __future__ import annotations

import heapq
import json
import time
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spanfold.errors import ServerUnavailableError
from spanfold.evaluation._mapping import EXPORTED

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from spanfold._internal.lookup import Parameter, QueryApi
    from spanfold.evaluation._settling import Resolved

PAGE_ROWS: Final = 2_000
READ_TIMEOUT_S: Final = 120.0
"""A rare condition makes the server look through much before it finds a row."""
PATIENCE_S: Final = 300.0
"""How long a server may be away before the evaluation gives up; it can be resumed then."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
T = TypeVar("T")


def exported(
    query_api: QueryApi,
    resolved: Resolved,
    attributes: Sequence[str],
    stop: threading.Event,
    page_rows: int = PAGE_ROWS,
) -> Iterator[list[dict[str, Any]]]:
    """The traces of a selection, a page at a time: newest first, version by version.

    Args:
        query_api: whom to ask.
        resolved: which traces.
        attributes: beginnings of the attributes of spans that are needed.
        stop: ends the pages, and the waiting for a server that is away.
        page_rows: traces that a page has, or a few more.

    Raises:
        InvalidArgumentError: the query API refuses the question.
        ServerUnavailableError: it gave no usable answer for five minutes.
    """
    left = resolved.selection.limit
    questions = resolved.questions()
    if left is not None and len(questions) > 1:
        yield from _newest(query_api, questions, attributes, stop, page_rows, left)
        return
    for question in questions:
        yield from _pages(query_api, question, attributes, stop, page_rows, left)


def _newest(  # noqa: PLR0913, PLR0917 - as exported
    query_api: QueryApi,
    questions: Sequence[Mapping[str, Parameter]],
    attributes: Sequence[str],
    stop: threading.Event,
    page_rows: int,
    limit: int,
) -> Iterator[list[dict[str, Any]]]:
    """The newest of several questions together, of each of which little is held."""
    rows_each = max(1, min(limit, page_rows) // len(questions))
    each = (_pages(query_api, one, attributes, stop, rows_each, limit) for one in questions)
    merged = islice(heapq.merge(*map(chain.from_iterable, each), key=_place, reverse=True), limit)
    while page := list(islice(merged, page_rows)):
        yield page


def _place(row: Mapping[str, Any]) -> tuple[int, str, str]:
    return int(row["start_time_unix_ns"]), row["trace_id"], row["span_id"]


def _pages(  # noqa: PLR0913, PLR0917 - as exported
    query_api: QueryApi,
    question: Mapping[str, Parameter],
    attributes: Sequence[str],
    stop: threading.Event,
    page_rows: int,
    left: int | None,
) -> Iterator[list[dict[str, Any]]]:
    """The answer to one question, a page at a time."""
    before: str | None = None
    while not stop.is_set():
        asked: dict[str, Parameter] = {
            **question,
            "rows": "traces",
            "format": "jsonl",
            "columns": EXPORTED,
            "span_attributes": attributes,
            "page_rows": page_rows if left is None else min(page_rows, left),
            "before": before,
        }
        page = patiently(lambda: _page(query_api, asked), stop)  # noqa: B023 - called at once
        if not page:
            return
        before = "/".join(str(one) for one in _place(page[-1]))
        if left is not None:
            page = page[:left]
            left -= len(page)
        yield page
        if left == 0:
            return


def lines(query_api: QueryApi, path: str, **query: Parameter) -> Iterator[dict[str, Any]]:
    """The JSON objects that an answer has a line of each.

    Raises:
        ServerUnavailableError: no usable answer, or it broke off.
    """
    with query_api.open(path, timeout_s=READ_TIMEOUT_S, **query) as response:
        rest = b""
        # read1 and readline take an answer that broke off for a whole one; read does not.
        while piece := response.read(2**20):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield json.loads(line)
        if rest:
            yield json.loads(rest)


def patiently(ask: Callable[[], T], stop: threading.Event) -> T:
    """Ask, and again while the server is away; the last error once patience or the evaluation ends."""
    deadline = time.monotonic() + PATIENCE_S
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return ask()
        except ServerUnavailableError:
            if time.monotonic() > deadline or stop.wait(pause_s):
                raise
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _page(query_api: QueryApi, asked: Mapping[str, Parameter]) -> list[dict[str, Any]]:
    return list(lines(query_api, "/v1/traces/export", **asked))
