"""Every trace, or every span, that a query means: piece by piece, newest first, however many there are.

The range is walked back through time in windows. Each is cut into pieces of bounded rows and bytes, and each
piece is one statement whose answer the engine writes in the format of the export: nobody holds more than a
piece, no statement outlives its limit, and between two pieces nothing is held in the database.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from spanfold_query_api import arrow_stream, times
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_columns import (
    ALL_TRACE_COLUMNS,
    EXPECTATIONS,
    SCORES,
    SPAN_COLUMNS,
    SPANS,
    size_of,
)
from spanfold_query_api.trace_search import TRACE_MARGIN_NS, Key, TraceQuery, extent, range_parameters
from spanfold_schemas import keys
from spanfold_schemas.database import RetryableDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spanfold_schemas.database import Database, RawFormat

PIECE_ROWS: Final = 20_000
PIECE_BYTES: Final = 16 * 2**20
"""Of content; a single row that has more is a piece of its own."""
PIECE_ROWS_WITH_SPANS: Final = 2_000
"""Of traces that bring their spans, whose sizes the pieces are cut without."""
TRACE_SPANS: Final = 200
"""Spans that a trace brings at most."""
TRACE_BYTES: Final = 256 * 2**10
"""Of content that a trace's spans bring at most, all together."""
SPAN_TEXT_BYTES: Final = 120 * 2**10
"""After which a span's input and output are cut where they come with the trace."""
WINDOW_PIECES: Final = 8
"""Pieces that a window is meant to hold, and may hold at most."""
WINDOW_GROWTH: Final = 8
RETRY_AFTER_S: Final = (0.5, 2.0)
"""Pauses before a piece is asked for again: an export of hours must not end by one bad second."""
_log: Final = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Export:
    """What to export, and how to write it."""

    query: TraceQuery
    rows: Literal["traces", "spans"]
    columns: tuple[str, ...]
    """Names of :mod:`.trace_columns`."""
    raw_format: RawFormat
    before: Key | None = None
    """Only rows older than this one."""
    page_rows: int | None = None
    """No piece begins once so many rows were written. Lines of JSON only: those can be counted."""
    span_attributes: tuple[str, ...] = ()
    """Attributes of the spans that a trace brings: those that begin with one of these."""

    @property
    def piece_rows(self) -> int:
        """Rows that a piece has at most."""
        most = PIECE_ROWS_WITH_SPANS if SPANS in self.columns else PIECE_ROWS
        return min(most, self.page_rows or most)

    @property
    def filter_sql(self) -> str:
        """The condition on a row of ``spans`` that stands for a row of the export."""
        return (
            self.query.condition.sql if self.rows == "spans" else f"Entry >= 1 AND {self.query.condition.sql}"
        )

    @property
    def size_sql(self) -> str:
        """The bytes of content of a row."""
        return size_of(SPAN_COLUMNS if self.rows == "spans" else ALL_TRACE_COLUMNS, self.columns)


def stream(database: Database, export: Export) -> Iterator[bytes]:
    """The export as bytes: one Arrow IPC stream, or lines of JSON.

    Spans that come in while it runs may or may not be in it.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`: at the first piece at once, so that a client can
            be told so; at a later one only if it does not pass.
    """
    pieces = _pieces(database, export)
    return arrow_stream.join(pieces) if export.raw_format == "ArrowStream" else pieces


def _pieces(database: Database, export: Export) -> Iterator[bytes]:
    within = extent(database, export.query)
    if not within:
        yield _read(database, export, Key(0), Key(0))  # no rows, but the columns
        return
    upper = Key(within.end_ns) if export.before is None else min(export.before, Key(within.end_ns))
    window_rows = WINDOW_PIECES * export.piece_rows
    width_ns = within.window_ns(window_rows)
    is_empty = True
    written = 0
    while upper > Key(within.start_ns):
        window_start_ns = max(within.start_ns, upper.unix_ns - width_ns)
        row_count = 0
        ask = _once if is_empty else _patiently
        for lowest, rows in ask(lambda: _cut(database, export, upper, window_start_ns)):  # noqa: B023
            ask = _once if is_empty else _patiently
            piece = ask(lambda: _read(database, export, lowest, upper))  # noqa: B023 - called at once
            yield piece
            written += piece.count(b"\n") if export.page_rows else 0
            if export.page_rows and written >= export.page_rows:
                return
            upper = lowest
            row_count += rows
            is_empty = False
        if row_count < window_rows:
            upper = Key(window_start_ns)
            if row_count * WINDOW_GROWTH < window_rows:
                width_ns *= WINDOW_GROWTH
    if is_empty:
        yield _read(database, export, Key(0), Key(0))


def _once(call: Callable[[], T]) -> T:
    return call()


def _patiently(call: Callable[[], T]) -> T:
    """Call, and again after each of a few pauses if the database is away or overloaded."""
    for pause_s in RETRY_AFTER_S:
        try:
            return call()
        except RetryableDatabaseError as error:
            _log.warning("an export waits %s s for the database: %s", pause_s, error)
            time.sleep(pause_s)
    return call()


def _cut(database: Database, export: Export, upper: Key, window_start_ns: int) -> list[tuple[Key, int]]:
    """The lowest key and the number of rows of each piece of ``[window_start_ns, upper)``, newest first."""
    condition = export.query.condition
    parameters: dict[str, object] = {
        **condition.parameters,
        **range_parameters(condition, window_start_ns, upper.unix_ns),
        "model_id": export.query.model_id,
        "window_start_ns": window_start_ns,
        "before_ns": upper.unix_ns,
        "before_trace_id": upper.trace_id,
        "before_span_id": upper.span_id,
        "piece_bytes": PIECE_BYTES,
        "piece_rows": export.piece_rows,
        "limit": WINDOW_PIECES * export.piece_rows,
    }
    sql = statement("export_pieces", filter=export.filter_sql, size_bytes=export.size_sql)
    return [
        (Key(unix_ns, trace_id.hex(), span_id.hex()), rows)
        for unix_ns, trace_id, span_id, rows in database.query(sql, parameters)
    ]


def _read(database: Database, export: Export, lowest: Key, upper: Key) -> bytes:
    """The rows of ``[lowest, upper)``."""
    condition = export.query.condition
    parameters: dict[str, object] = {
        **condition.parameters,
        **range_parameters(condition, lowest.unix_ns, upper.unix_ns),
        "model_id": export.query.model_id,
        "lowest_ns": lowest.unix_ns,
        "lowest_trace_id": lowest.trace_id,
        "lowest_span_id": lowest.span_id,
        "before_ns": upper.unix_ns,
        "before_trace_id": upper.trace_id,
        "before_span_id": upper.span_id,
    }
    if export.rows == "traces":
        parameters["earliest_ns"] = lowest.unix_ns - TRACE_MARGIN_NS
        parameters["latest_ns"] = min(upper.unix_ns + TRACE_MARGIN_NS, times.MAX_UNIX_NS)
        parameters["tag_prefix"] = keys.TRACE_TAG_PREFIX
    columns = ", ".join(export.columns)
    if export.rows == "spans":
        sql = statement("export_spans", filter=condition.sql, columns=columns)
    else:
        sql = statement("export_traces", filter=condition.sql, columns=columns, **_joined(export, parameters))
    return database.query_raw(sql, parameters, raw_format=export.raw_format)


def _joined(export: Export, parameters: dict[str, object]) -> dict[str, str]:
    """What only those pay for who ask for it: SQL for the placeholders, and its parameters."""
    columns, joins = list[str](), list[str]()
    if SCORES in export.columns:
        columns.append(", judged.scores AS scores")
        joins.append(statement("export_with_scores"))
    if EXPECTATIONS in export.columns:
        columns.append(", expected.expectations AS expectations")
        joins.append(statement("export_with_expectations"))
    if SPANS in export.columns:
        columns.append(", told.spans AS spans")
        joins.append(statement("export_with_spans"))
        parameters["span_attributes"] = list(export.span_attributes)
        parameters["span_text_bytes"] = SPAN_TEXT_BYTES
        parameters["trace_spans"] = TRACE_SPANS
        parameters["trace_bytes"] = TRACE_BYTES
    return {"more_columns": "".join(columns), "more_joins": "".join(f"\n{join}" for join in joins)}
