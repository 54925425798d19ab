"""A database that does what a test tells it to: for timing, which the real one does not let go of."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanfold_collector.frames import split_frames
from spanfold_schemas.database import PermanentDatabaseError, QueryResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spanfold_schemas.database import RawFormat

LIMIT_S = 30.0
"""How long anything may take here before a test gives up."""


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for ``condition``, and fail with ``what`` when it does not come about."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT_S} s: {what}"
        time.sleep(0.005)


def span_names(body: bytes) -> list[str]:
    """Names of all spans in framed requests."""
    return [
        span.name
        for _, message in split_frames(body)
        for resource_spans in TracesData.FromString(message).resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


class ScriptedDatabase:
    """Keeps inserts in memory, by token, as :class:`spanfold_schemas.database.Database` promises.

    ``errors`` are raised by the next calls, one each, before anything is kept; ``lost_answers`` after.
    ``poison``, the name of a span, is refused for good, and ``engine_poison`` only where the engine is to
    decode it; such spans, inserted as rows, are noted in ``row_names``. While ``is_open`` is not set, calls
    wait inside.
    """

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.row_names: list[str] = []
        self.calls: list[str] = []
        self.errors: deque[Exception] = deque()
        self.lost_answers: deque[Exception] = deque()
        self.broken: Exception | None = None
        self.poison: bytes | None = None
        self.engine_poison: bytes | None = None
        self.seconds_a_call = 0.0
        self.is_open = threading.Event()
        self.is_open.set()
        self.is_entered = threading.Event()

    @property
    def names(self) -> list[str]:
        """Names of the spans kept, in the order of their inserts."""
        return [name for body in list(self.kept.values()) for name in span_names(body)]

    def insert_protobuf(self, table: str, body: bytes, *, message: str, token: str) -> None:
        assert (table, message) == ("otlp_traces", "TracesData")
        self.calls.append(token)
        self.is_entered.set()
        if not self.is_open.wait(LIMIT_S):
            raise TimeoutError
        time.sleep(self.seconds_a_call)  # stands for the work of an insert
        if self.broken is not None:
            raise self.broken
        if self.errors:
            raise self.errors.popleft()
        if any(poison is not None and poison in body for poison in (self.poison, self.engine_poison)):
            text = "Code: 117. DB::Exception: incorrect data"
            raise PermanentDatabaseError(text, 117)
        self.kept.setdefault(token, body)
        if self.lost_answers:
            raise self.lost_answers.popleft()

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, token: str
    ) -> None:
        assert table == "spans"
        self.calls.append(token)
        names = [row[columns.index("SpanName")] for row in rows]
        if self.poison is not None and self.poison.decode() in names:
            text = "Code: 117. DB::Exception: incorrect data"
            raise PermanentDatabaseError(text, 117)
        self.row_names += names

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> QueryResult:
        raise NotImplementedError

    def query_raw(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        raw_format: RawFormat,
        timeout_s: float | None = None,
    ) -> bytes:
        raise NotImplementedError

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
