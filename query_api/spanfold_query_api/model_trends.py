"""How versions did over time: traffic, latency, cost and quality, in pieces of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanfold_query_api import time_buckets, times, version_figures
from spanfold_query_api.version_figures import Asked, Figures, Period, Pieces, Scores, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_schemas.database import Database

_NOTHING = {
    "trace_count": 0,
    "error_count": 0,
    "latency_p50_ms": None,
    "latency_p95_ms": None,
    "input_tokens": None,
    "output_tokens": None,
    "cost_usd": None,
}


def trends(database: Database, asked: Asked, period: Period, *, buckets: int, limit: int) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.version_answers.Trends` says.

    Args:
        database: where to read.
        asked: which versions.
        period: which time; counts by the minute answer for it, so it is widened to whole minutes.
        buckets: most pieces of it.
        limit: most versions.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    bucket_s = time_buckets.width_s(period.start_ns, period.end_ns, buckets)
    found = version_figures.versions(database, period, asked, limit)
    ids = [version.model_id for version in found]
    pieces = Pieces(bucket_s * times.NS_PER_S)
    figures = version_figures.figures(database, ids, period, pieces)
    scores = version_figures.scores(database, ids, period, pieces)
    names = {name for named in scores.totals.values() for name in named}
    directions = version_figures.directions(database, names)
    return {
        "start_time_unix_ns": period.start_ns,
        "end_time_unix_ns": period.end_ns,
        "bucket_ns": bucket_s * times.NS_PER_S,
        "models": [_trend(version, figures, scores, directions) for version in found],
    }


def period_of(database: Database, start_ns: int | None, end_ns: int | None) -> Period:
    """The time that is meant: an end that is left out is where traffic begins or ends."""
    if start_ns is not None and end_ns is not None:
        return Period(start_ns, end_ns)
    known = version_figures.extent(database) or Period(0, 60 * times.NS_PER_S)
    start = known.start_ns if start_ns is None else start_ns
    end = known.end_ns if end_ns is None else end_ns
    return Period(start, max(end, start + 1))


def _trend(
    version: Version,
    figures: Figures,
    scores: Scores,
    directions: Mapping[str, bool | None],
) -> dict[str, Any]:
    whole = figures.totals.get(version.model_id)
    told = _NOTHING if whole is None else {name: whole[name] for name in _NOTHING}
    means = scores.means.get(version.model_id, {})
    named = scores.totals.get(version.model_id, {})
    return {
        "model_id": version.model_id,
        "name": version.name,
        "service_name": version.service_name,
        "creation_time": times.format_rfc3339(version.created_ns) if version.is_registered else None,
        **told,
        "first_time": None if whole is None else times.format_rfc3339(whole["first_unix_ns"]),
        "last_time": None if whole is None else times.format_rfc3339(whole["last_unix_ns"]),
        "scores": [
            {"name": name, **named[name], "greater_is_better": directions[name]} for name in sorted(named)
        ],
        "buckets": [_bucket(piece, means) for piece in figures.pieces.get(version.model_id, ())],
    }


def _bucket(piece: Mapping[str, Any], means: Mapping[int, Mapping[str, float]]) -> dict[str, Any]:
    start_ns = piece["start_unix_ns"]
    shown = ("trace_count", "error_count", "latency_p50_ms", "latency_p95_ms", "cost_usd")
    return {
        "start_time_unix_ns": start_ns,
        **{name: piece[name] for name in shown},
        "scores": dict(means.get(start_ns, {})),
    }
