"""Reads one trace: all its spans, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import times, tree
from spanfold_query_api.statements import statement

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

MAX_SPANS: Final = 50_000
NS_PER_MS: Final = 1_000_000
_NO_SPAN: Final = bytes(8)
_STATUSES: Final = {1: "OK", 2: "ERROR"}
_KINDS: Final = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}


def status_name(code: int) -> str:
    """OpenTelemetry's name of a status code. One that it does not define means as much as none."""
    return _STATUSES.get(code, "UNSET")


def get_trace(database: Database, trace_id: str, max_spans: int = MAX_SPANS) -> dict[str, Any] | None:
    """The trace in the members of :class:`~spanfold_query_api.answers.TraceDetail`; None if there is none.

    Args:
        database: where to read.
        trace_id: 32 hexadecimal digits.
        max_spans: with more spans than this, the earliest of them are returned.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    parameters = {"trace_id": trace_id, "limit": max_spans + 1}
    rows = database.query(statement("trace_spans"), parameters).dicts()
    if not rows:
        return None
    truncated = len(rows) > max_spans
    del rows[max_spans:]
    start_ns = min(row["start_time_unix_ns"] for row in rows)
    end_ns = max(row["start_time_unix_ns"] + row["duration_ns"] for row in rows)
    grown = tree.build(map(_span, rows))
    return {
        "trace_id": trace_id.lower(),
        "start_time": times.format_rfc3339(start_ns),
        "start_time_unix_ns": start_ns,
        "duration_ms": (end_ns - start_ns) / NS_PER_MS,
        "span_count": len(rows),
        "truncated": truncated,
        "missing_parent_span_ids": grown.missing_parent_span_ids,
        "spans": grown.spans,
    }


def _span(row: dict[str, Any]) -> dict[str, Any]:
    """One row in the members of :class:`~spanfold_query_api.answers.Span`, but for its place in the tree."""
    parent = row.pop("ParentSpanId")
    events = zip(row.pop("event_times"), row.pop("event_names"), row.pop("event_attributes"), strict=True)
    links = zip(row.pop("link_trace_ids"), row.pop("link_span_ids"), row.pop("link_attributes"), strict=True)
    return {
        "span_id": row.pop("SpanId").hex(),
        "parent_span_id": None if parent == _NO_SPAN else parent.hex(),
        "start_time": times.format_rfc3339(row["start_time_unix_ns"]),
        "status": status_name(row.pop("status_code")),
        "scope": {
            "name": row.pop("scope_name"),
            "version": row.pop("scope_version"),
            "attributes": row.pop("scope_attributes"),
        },
        "events": [
            {"name": name, "time_unix_ns": time_ns, "attributes": attributes}
            for time_ns, name, attributes in events
        ],
        "links": [
            {"trace_id": trace_id, "span_id": span_id, "attributes": attributes}
            for trace_id, span_id, attributes in links
        ],
        **row,
        "kind": _KINDS.get(row["kind"], "UNSPECIFIED"),
        "input": row["input"] or None,
        "output": row["output"] or None,
    }
