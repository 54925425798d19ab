"""Traces over time: how many, how many failed, how long they took.

Each trace counts once, at its entry span, which costs a look at every entry span of the range. Over a large
range and without a filter there is less to look at: the rollups, where traces have a single entry span, so
that these count each once; else, for all versions together, the roots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import times
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import EVERY_TRACE, Extent, extent, range_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold_query_api.trace_search import TraceQuery
    from spanfold_schemas.database import Database

EXACT_MAX_SPANS: Final = 2_000_000
"""A histogram without a filter over more spans than this is approximate, if that is faster."""
_MAX_COUNTED_TWICE: Final = 0.01
"""Share of entry spans that may be their traces' second ones for the rollups to do."""
_EXACT: Final = "histogram"
_NS_PER_MS: Final = 1_000_000
_MINUTE_NS: Final = 60 * times.NS_PER_S
_DAY_NS: Final = 1_440 * _MINUTE_NS
_STEPS: Final = (1, 2, 5)


def histogram(database: Database, query: TraceQuery, max_buckets: int) -> dict[str, Any]:
    """The members of :class:`~spanfold_query_api.trace_exploration_answers.TraceHistogram`.

    Args:
        database: where to read.
        query: which traces; each counts where its entry span among those that match starts.
        max_buckets: most buckets.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    within = extent(database, query)
    start_ns = query.start_ns or within.start_ns
    end_ns = query.end_ns or max(within.end_ns, start_ns + 1)
    bucket_ns = width(start_ns, end_ns, max_buckets)
    name = _statement(database, query, within, bucket_ns)
    found = _found(database, query, within, bucket_ns, name) if within else []
    return {
        "start_time_unix_ns": start_ns,
        "end_time_unix_ns": end_ns,
        "bucket_ns": bucket_ns,
        "approximate": name != _EXACT,
        "trace_count": sum(bucket["ok_count"] + bucket["error_count"] for bucket in found),
        "error_count": sum(bucket["error_count"] for bucket in found),
        "buckets": found,
    }


def whole(database: Database, query: TraceQuery) -> dict[str, Any]:
    """The traces of a range in all: count, errors and latencies, as in the histogram's only bucket."""
    found = histogram(database, query, 1)
    (bucket,) = found["buckets"] or [{"latency_p50_ms": None, "latency_p95_ms": None}]
    return {
        "trace_count": found["trace_count"],
        "error_count": found["error_count"],
        "latency_p50_ms": bucket["latency_p50_ms"],
        "latency_p95_ms": bucket["latency_p95_ms"],
    }


def width(start_ns: int, end_ns: int, max_buckets: int) -> int:
    """The smallest round width, in ns, at which a range needs no more than so many aligned buckets.

    Example:
        >>> width(0, 86_400 * 10**9, 120) // 10**9, width(0, 60 * 10**9, 120) // 10**6
        (900, 500)
    """
    for round_ns in _widths():
        bucket_ns = min(round_ns, times.MAX_UNIX_NS)  # one of which holds all time
        if -(-end_ns // bucket_ns) - start_ns // bucket_ns <= max_buckets:
            return bucket_ns
    raise AssertionError  # widths have no end


def _widths() -> Iterator[int]:
    """1, 2, 5, 10, ... ms; then 1, 2, 5, 10, 15, 30 s and min; hours; then 1, 2, 5, 10, ... days."""
    for scale in (1, 10, 100):
        yield from (step * scale * _NS_PER_MS for step in _STEPS)
    for unit in (times.NS_PER_S, _MINUTE_NS):
        yield from (number * unit for number in (1, 2, 5, 10, 15, 30))
    yield from (number * 60 * _MINUTE_NS for number in (1, 2, 3, 6, 12))
    scale = 1
    while True:
        yield from (step * scale * _DAY_NS for step in _STEPS)
        scale *= 10


def _statement(database: Database, query: TraceQuery, within: Extent, bucket_ns: int) -> str:
    """What answers soon enough: the exact statement, if any does."""
    is_large = within.end_ns - within.start_ns > EXACT_MAX_SPANS * within.ns_per_span
    if query.condition is not EVERY_TRACE or bucket_ns < _MINUTE_NS or not is_large:
        return _EXACT
    (levels,) = database.query(statement("entry_levels"), {"model_id": query.model_id})
    if min(levels) <= _MAX_COUNTED_TWICE * max(levels):
        return "histogram_rollup"
    return _EXACT if query.model_id else "histogram_roots"


def _found(
    database: Database, query: TraceQuery, within: Extent, bucket_ns: int, name: str
) -> list[dict[str, Any]]:
    """The buckets that hold something, earliest first."""
    parameters = {
        "model_id": query.model_id,
        "start_ns": within.start_ns,
        "end_ns": within.end_ns,
        "bucket_ns": bucket_ns,
    }
    if name == _EXACT:
        parameters |= {
            **query.condition.parameters,
            **range_parameters(query.condition, within.start_ns, within.end_ns),
        }
    rows = database.query(statement(name, filter=query.condition.sql), parameters)
    return [
        {
            "start_time_unix_ns": bucket * bucket_ns,
            "ok_count": ok_count,
            "error_count": error_count,
            "latency_p50_ms": latency_ns[0] / _NS_PER_MS,
            "latency_p95_ms": latency_ns[1] / _NS_PER_MS,
        }
        for bucket, ok_count, error_count, latency_ns in rows
    ]
