"""Lists traces, newest first.

The table is sorted by model and then by time, so "the newest traces" has no cheap answer of its own. The
search walks back through time in windows: the first is sized by how dense the spans are, each that does
not fill the page is followed by one eight times as wide. Each row is read once, whatever the filter.

A trace can have several entry spans (one a service). It is listed once, at its best one (a root before the
entry of a service, then the earliest): whatever else the windows find is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import models, spans, times
from spanfold_query_api.filter.compiler import RANGE_END, RANGE_START, CompiledFilter
from spanfold_query_api.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_schemas.database import Database

FIRST_WINDOW_SPANS: Final = 30_000
"""Spans that the first window is meant to hold: a millisecond's work for the engine."""
WINDOW_GROWTH: Final = 8
SPAN_MARGIN_NS: Final = 3_600 * times.NS_PER_S
"""How far from the entry span a ``span.`` condition looks, before and after."""
TRACE_MARGIN_NS: Final = 24 * SPAN_MARGIN_NS
"""How far from the entry span the spans of a listed trace are counted."""
TEXT_CHARS: Final = 1_000
EVERY_TRACE: Final = CompiledFilter("1", {}, uses_span_range=False)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Where an entry span stands in the listing; larger is newer. IDs are hexadecimal."""

    unix_ns: int
    trace_id: str = "0" * 32
    span_id: str = "0" * 16


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """Which traces to list."""

    model_id: str = ""
    """Only traces that entered this model version; empty for all."""
    condition: CompiledFilter = EVERY_TRACE
    start_ns: int = 0
    end_ns: int | None = None
    """First unix ns that is too late; None for no end."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    key: Key
    best: tuple[int, int, bytes]
    """(Entry, -unix ns, span ID): the larger, the better an entry of its trace."""


def search(
    database: Database, query: TraceQuery, *, before: Key | None, limit: int
) -> tuple[list[dict[str, Any]], Key | None]:
    """A page of traces, and the key of its last one if there are more.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    first_ns, last_ns, span_count = next(iter(database.query(statement("span_extent"))))
    if not span_count:
        return [], None
    start_ns = max(query.start_ns, first_ns)
    width_ns = max(times.NS_PER_S, (last_ns - first_ns) * FIRST_WINDOW_SPANS // span_count)
    upper = before or Key(last_ns + 1 if query.end_ns is None else min(query.end_ns, last_ns + 1))
    found: list[tuple[Key, dict[str, Any]]] = []
    while len(found) <= limit and upper > Key(start_ns):
        window_start_ns = max(start_ns, upper.unix_ns - width_ns)
        wanted = limit + 1 - len(found)
        candidates = _candidates(database, query, upper, window_start_ns, wanted)
        totals = _totals(database, query, candidates)
        found += [
            (candidate.key, totals[candidate.key.trace_id])
            for candidate in candidates
            if totals.get(candidate.key.trace_id, {}).get("best") == candidate.best
        ]
        if len(candidates) == wanted:
            upper = candidates[-1].key
        else:
            upper = Key(window_start_ns)
            width_ns *= WINDOW_GROWTH
    page = found[:limit]
    return _describe(database, page), page[-1][0] if len(found) > limit else None


def _candidates(
    database: Database, query: TraceQuery, upper: Key, window_start_ns: int, limit: int
) -> list[_Candidate]:
    """Entry spans that match in ``[window_start_ns, upper)``, one a trace, newest first."""
    parameters: dict[str, object] = {
        **query.condition.parameters,
        "model_id": query.model_id,
        "window_start_ns": window_start_ns,
        "before_ns": upper.unix_ns,
        "before_trace_id": upper.trace_id,
        "before_span_id": upper.span_id,
        "limit": limit,
    }
    if query.condition.uses_span_range:
        parameters[RANGE_START] = window_start_ns - SPAN_MARGIN_NS
        parameters[RANGE_END] = min(upper.unix_ns + SPAN_MARGIN_NS, times.MAX_UNIX_NS)
    rows = database.query(statement("entries_in_window", filter=query.condition.sql), parameters)
    return [_Candidate(Key(-best[1], trace_id.hex(), best[2].hex()), best) for trace_id, best in rows]


def _totals(
    database: Database, query: TraceQuery, candidates: Sequence[_Candidate]
) -> dict[str, dict[str, Any]]:
    """What the spans of each candidate's trace add up to, by trace ID."""
    if not candidates:
        return {}
    starts_ns = [candidate.key.unix_ns for candidate in candidates]
    result = database.query(
        statement("trace_totals"),
        {
            "trace_ids": [candidate.key.trace_id for candidate in candidates],
            "model_id": query.model_id,
            "earliest_ns": min(starts_ns) - TRACE_MARGIN_NS,
            "latest_ns": min(max(starts_ns) + TRACE_MARGIN_NS, times.MAX_UNIX_NS),
        },
    )
    rows = result.dicts()
    return {row.pop("TraceId").hex(): row for row in rows}


def _describe(database: Database, page: Sequence[tuple[Key, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The page in the members of :class:`~spanfold_query_api.answers.TraceItem`."""
    if not page:
        return []
    result = database.query(
        statement("trace_entries"),
        {
            "start_times_unix_ns": [key.unix_ns for key, _ in page],
            "trace_ids": [key.trace_id for key, _ in page],
            "span_ids": [key.span_id for key, _ in page],
            "text_chars": TEXT_CHARS,
        },
    )
    entries = {(row.pop("TraceId").hex(), row.pop("SpanId").hex()): row for row in result.dicts()}
    model_ids = sorted({row["model_id"] for row in entries.values()} - {""})
    names = models.names(database, model_ids)
    items = []
    for key, totals in page:
        entry = entries.get((key.trace_id, key.span_id))
        if entry is None:
            continue  # dropped by retention since it was found
        model_id = entry["model_id"]
        items.append(
            {
                "trace_id": key.trace_id,
                "name": entry["name"],
                "service_name": entry["service_name"],
                "model_id": model_id,
                "model_name": names.get(model_id, model_id),
                "status": spans.status_name(entry["status_code"]),
                "status_message": entry["status_message"],
                "start_time": times.format_rfc3339(key.unix_ns),
                "start_time_unix_ns": key.unix_ns,
                "latency_ms": entry["duration_ns"] / spans.NS_PER_MS,
                **{name: value for name, value in totals.items() if name != "best"},
                "input": entry["input"] or None,
                "output": entry["output"] or None,
            }
        )
    return items
