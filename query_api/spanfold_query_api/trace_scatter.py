"""Latencies of traces over time: the slowest, and of the others an even sample, the same at each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import extent, range_parameters

if TYPE_CHECKING:
    from spanfold_query_api.trace_search import TraceQuery
    from spanfold_schemas.database import Database

SLOWEST: Final = 100
"""Traces that are always among the points, if there is room."""
_SLOW_ENTRIES: Final = 4 * SLOWEST
"""Entry spans that the slowest traces are looked for among: a trace can have several."""
_HASHES: Final = 2**64
_NS_PER_MS: Final = 1_000_000


def scatter(database: Database, query: TraceQuery, max_points: int) -> dict[str, Any]:
    """The members of :class:`~spanfold_query_api.trace_exploration_answers.TraceScatter`.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    within = extent(database, query)
    trace_count, rows = 0, []
    if within:
        parameters: dict[str, Any] = {
            **query.condition.parameters,
            **range_parameters(query.condition, within.start_ns, within.end_ns),
            "model_id": query.model_id,
            "start_ns": within.start_ns,
            "end_ns": within.end_ns,
        }
        sql = statement("scatter_bounds", filter=query.condition.sql, slow_entries=str(_SLOW_ENTRIES))
        ((trace_count, slowest_ns),) = database.query(sql, parameters)
        slowest = min(SLOWEST, max_points)
        parameters |= {
            "max_hash": _max_hash(max_points - slowest, trace_count - slowest),
            "slow_ns": slowest_ns[-1] if slowest_ns else 0,
            "slowest": slowest,
            "points": max_points,
        }
        sql = statement("scatter", filter=query.condition.sql)
        rows = sorted(database.query(sql, parameters), key=lambda row: (row[1], row[0]))
    return {
        "trace_count": len(rows) if trace_count <= max_points - SLOWEST else trace_count,
        "points": {
            "trace_id": [trace_id.hex() for trace_id, *_ in rows],
            "start_time_unix_ns": [start_ns for _, start_ns, _, _ in rows],
            "latency_ms": [duration_ns / _NS_PER_MS for _, _, duration_ns, _ in rows],
            "error": [bool(failed) for *_, failed in rows],
        },
    }


def _max_hash(wanted: int, there_are: int) -> int:
    """The hash that about so many of the traces are not above."""
    if wanted >= there_are:
        return _HASHES - 1
    return wanted * _HASHES // there_are
