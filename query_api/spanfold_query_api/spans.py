"""Reads traces whole: what they add up to, and all their spans as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import scores, times, tree
from spanfold_query_api.statements import statement
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spanfold_schemas.database import Database

MAX_SPANS: Final = 50_000
NS_PER_MS: Final = 1_000_000
ENTRY_MEMBERS: Final = ("caller_model_id", "experiment_id", "run_id", "conversation_id", "user_id")
"""What a trace has from its entry span under the very names that the span has it."""
_ERROR: Final = 2
_NO_SPAN: Final = bytes(8)
_STATUSES: Final = {1: "OK", 2: "ERROR"}
_KINDS: Final = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}


def status_name(code: int) -> str:
    """OpenTelemetry's name of a status code. One that it does not define means as much as none."""
    return _STATUSES.get(code, "UNSET")


def tags_of(attributes: Mapping[str, str]) -> dict[str, str]:
    """The tags of a trace, from the attributes of its entry span.

    Example:
        >>> tags_of({"spanfold.tag.tier": "pro", "k": "v"})
        {'tier': 'pro'}
    """
    prefix = keys.TRACE_TAG_PREFIX
    return {key.removeprefix(prefix): attributes[key] for key in sorted(attributes) if key.startswith(prefix)}


def get_trace(database: Database, trace_id: str, max_spans: int = MAX_SPANS) -> dict[str, Any] | None:
    """The trace as a :class:`~spanfold_query_api.trace_answers.TraceDetail`; None if there is none.

    Args:
        database: where to read.
        trace_id: 32 hexadecimal digits.
        max_spans: with more spans than this, the earliest of them are returned.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    parameters = {"trace_id": trace_id, "limit": max_spans + 1}
    condition = "TraceId = toFixedString(unhex({trace_id:String}), 16)"
    rows = database.query(statement("trace_spans", traces=condition), parameters).dicts()
    if not rows:
        return None
    judged = scores.of_traces(database, [trace_id]).get(trace_id.lower(), [])
    return _detail(rows, max_spans, judged)


def get_traces(
    database: Database, trace_ids: Sequence[str], max_spans: int = MAX_SPANS
) -> list[dict[str, Any]]:
    """Several traces as :func:`get_trace` gives them, in the order asked for; those that there are.

    Args:
        database: where to read.
        trace_ids: each of 32 hexadecimal digits.
        max_spans: of all traces together; each has its share.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    wanted = list(dict.fromkeys(trace_id.lower() for trace_id in trace_ids))
    share = max(1, max_spans // len(wanted))
    parameters = {"trace_ids": wanted, "limit": share + 1}
    condition = "TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))"
    found: dict[str, list[dict[str, Any]]] = {}
    for row in database.query(statement("trace_spans", traces=condition), parameters).dicts():
        found.setdefault(row["TraceId"].hex(), []).append(row)
    judged = scores.of_traces(database, list(found)) if found else {}
    return [
        _detail(found[trace_id], share, judged.get(trace_id, [])) for trace_id in wanted if trace_id in found
    ]


def _detail(rows: list[dict[str, Any]], max_spans: int, judged: list[dict[str, Any]]) -> dict[str, Any]:
    """One trace from its rows, earliest first, and its scores, newest first."""
    truncated = len(rows) > max_spans
    del rows[max_spans:]
    start_ns = min(row["start_time_unix_ns"] for row in rows)
    end_ns = max(row["start_time_unix_ns"] + row["duration_ns"] for row in rows)
    entry = max(rows, key=lambda row: (row["Entry"], -row["start_time_unix_ns"], row["SpanId"]))
    calls = [row for row in rows if row["Call"]]
    summary = {
        "trace_id": entry["TraceId"].hex(),
        "name": entry["name"],
        "service_name": entry["service_name"],
        "model_id": entry["model_id"],
        **{name: entry[name] for name in ENTRY_MEMBERS},
        "status": status_name(entry["status_code"]),
        "status_message": entry["status_message"],
        "start_time": times.format_rfc3339(start_ns),
        "start_time_unix_ns": start_ns,
        "duration_ms": (end_ns - start_ns) / NS_PER_MS,
        "latency_ms": entry["duration_ns"] / NS_PER_MS,
        "span_count": len(rows),
        "error_count": sum(row["status_code"] == _ERROR for row in rows),
        "input_tokens": _sum(row["input_tokens"] for row in calls),
        "output_tokens": _sum(row["output_tokens"] for row in calls),
        "cost_usd": _sum(row["cost_usd"] for row in calls),
        "input": entry["input"] or None,
        "output": entry["output"] or None,
        "tags": tags_of(entry["attributes"]),
        "scores": judged,
        "truncated": truncated,
    }
    grown = tree.build(map(_span, rows))
    return {**summary, "missing_parent_span_ids": grown.missing_parent_span_ids, "spans": grown.spans}


def _sum(values: Iterable[Any]) -> Any:
    """The sum of those that are known; None if none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _span(row: dict[str, Any]) -> dict[str, Any]:
    """One row in the members of :class:`~spanfold_query_api.answers.Span`, but for its place in the tree."""
    parent = row.pop("ParentSpanId")
    for name in ("TraceId", "Entry", "Call"):
        del row[name]
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
