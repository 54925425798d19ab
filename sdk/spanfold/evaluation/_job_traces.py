"""Reads the traces of an evaluation: page by page, so that no answer is held open while judges think."""

from __future__ import annotations

import json
import time
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
    for question in resolved.questions():
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
                break
            last = page[-1]
            before = f"{last['start_time_unix_ns']}/{last['trace_id']}/{last['span_id']}"
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
