"""What changed: a period against the one of the same length before it, by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import times, trace_histogram, version_figures
from spanfold_query_api.filter.compiler import CompiledFilter
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import EVERY_TRACE, TraceQuery
from spanfold_query_api.version_figures import Asked, Period, Pieces, Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_schemas.database import Database

MAX_VERSIONS: Final = 200
_MINUTE_NS: Final = 60 * times.NS_PER_S
_NO_TRAFFIC: Final[Mapping[str, Any]] = {
    "trace_count": 0,
    "error_count": 0,
    "latency_p50_ms": None,
    "latency_p95_ms": None,
    "cost_usd": None,
    "input_tokens": None,
    "output_tokens": None,
}


def changes(database: Database, period: Period, experiment_ids: Sequence[str]) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.version_answers.Changes` says.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    period = _whole_minutes(period)
    before = period.before
    both = Period(before.start_ns, period.end_ns)
    asked = Asked(experiment_ids=tuple(experiment_ids), include_deleted=True)
    found = version_figures.versions(database, both, asked, MAX_VERSIONS)
    ids = [version.model_id for version in found]
    figures = _figures(database, both, period, ids, experiment_ids)
    pieces = Pieces(period.end_ns - period.start_ns, period.start_ns)
    means = version_figures.scores(database, ids, both, pieces).means
    directions = version_figures.directions(
        database, {name for by_time in means.values() for named in by_time.values() for name in named}
    )
    return {
        "current": period.described(),
        "previous": before.described(),
        "totals": {
            "current": _total(database, period, experiment_ids, figures.get((None, True), _NO_TRAFFIC)),
            "previous": _total(database, before, experiment_ids, figures.get((None, False), _NO_TRAFFIC)),
        },
        "models": [
            {
                **_named(version, period),
                "current": _optional(figures.get((version.model_id, True))),
                "previous": _optional(figures.get((version.model_id, False))),
                "scores": _scores(means.get(version.model_id, {}), period, directions),
            }
            for version in found
        ],
    }


def _whole_minutes(period: Period) -> Period:
    """The period, widened to whole minutes: nothing then counts for both periods."""
    end_ns = -(-period.end_ns // _MINUTE_NS) * _MINUTE_NS
    return Period(period.start_ns // _MINUTE_NS * _MINUTE_NS, min(end_ns, times.MAX_UNIX_NS))


def _total(
    database: Database, period: Period, experiment_ids: Sequence[str], usage: Mapping[str, Any]
) -> dict[str, Any]:
    """All traffic of a period: traces, each once whatever versions it went through, and what they used."""
    condition = EVERY_TRACE
    if experiment_ids:
        condition = CompiledFilter(
            statement("of_experiments"), {"experiment_ids": list(experiment_ids)}, uses_span_range=False
        )
    query = TraceQuery(condition=condition, start_ns=period.start_ns, end_ns=period.end_ns)
    return _described({**usage, **trace_histogram.whole(database, query)})


def _figures(
    database: Database, both: Period, period: Period, model_ids: Sequence[str], experiment_ids: Sequence[str]
) -> Mapping[tuple[str | None, bool], Mapping[str, Any]]:
    """By model ID, None for all traffic, and whether of the period and not of the one before."""
    parameters = {
        **both.parameters(),
        "current_ns": period.start_ns,
        "model_ids": list(model_ids),
        "experiment_ids": list(experiment_ids),
    }
    sql = statement("changes_figures", of_experiments=statement("of_experiments"))
    rows = database.query(sql, parameters).dicts()
    return {
        (None if row["is_total"] else row["model_id"], bool(row["is_current"])): version_figures.with_latency(
            row
        )
        for row in rows
    }


def _named(version: Version, period: Period) -> dict[str, Any]:
    return {
        "model_id": version.model_id,
        "name": version.name,
        "service_name": version.service_name,
        "is_new": version.created_ns >= period.start_ns,
    }


def _optional(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None or not row["trace_count"] else _described(row)


def _described(row: Mapping[str, Any]) -> dict[str, Any]:
    """In the members of :class:`~spanfold_query_api.version_answers.Figures`."""
    count, cost = row["trace_count"], row["cost_usd"]
    return {
        "trace_count": count,
        "error_count": row["error_count"],
        "error_rate": row["error_count"] / count if count else None,
        "latency_p50_ms": row["latency_p50_ms"],
        "latency_p95_ms": row["latency_p95_ms"],
        "cost_usd": cost,
        "cost_per_trace_usd": cost / count if count and cost is not None else None,
        "input_tokens": row["input_tokens"],
        "output_tokens": row["output_tokens"],
    }


def _scores(
    means: Mapping[int, Mapping[str, float]], period: Period, directions: Mapping[str, bool | None]
) -> list[dict[str, Any]]:
    length_ns = period.end_ns - period.start_ns
    # Where the period before is cut off at 1970, its piece is not.
    now, then = means.get(period.start_ns, {}), means.get(period.start_ns - length_ns, {})
    return [
        {
            "name": name,
            "current": now.get(name),
            "previous": then.get(name),
            "greater_is_better": directions[name],
        }
        for name in sorted({*now, *then})
    ]
