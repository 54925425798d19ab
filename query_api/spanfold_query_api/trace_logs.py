"""The log records that were written within a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import times
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import TRACE_MARGIN_NS

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

TEXT_CHARS: Final = 10_000
"""Of a body, and of the value of an attribute."""
_NO_SPAN: Final = bytes(8)


def logs(database: Database, trace_id: str, limit: int) -> dict[str, Any] | None:
    """The members of :class:`~spanfold_query_api.trace_exploration_answers.TraceLogs`; None without a trace.

    Args:
        database: where to read.
        trace_id: 32 hexadecimal digits.
        limit: most records; of more, the earliest are given.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    ((first_ns, last_ns, parts),) = database.query(statement("trace_extent"), {"trace_id": trace_id})
    if not parts:
        return None
    parameters = {
        "trace_id": trace_id,
        "earliest_ns": max(0, first_ns - TRACE_MARGIN_NS),
        "latest_ns": min(last_ns + TRACE_MARGIN_NS, times.MAX_UNIX_NS),
        "text_chars": TEXT_CHARS,
        "limit": limit + 1,
    }
    rows = database.query(statement("trace_logs"), parameters).dicts()
    return {"logs": [_record(row) for row in rows[:limit]], "truncated": len(rows) > limit}


def _record(row: dict[str, Any]) -> dict[str, Any]:
    span_id = row.pop("SpanId")
    return {
        **row,
        "time": times.format_rfc3339(row["time_unix_ns"]),
        "span_id": None if span_id == _NO_SPAN else span_id.hex(),
    }
