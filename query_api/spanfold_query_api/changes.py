"""What changed: a period against the one of the same length before it, by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import version_figures
from spanfold_query_api.version_figures import Asked, Period, Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_schemas.database import Database

MAX_VERSIONS: Final = 200


def changes(database: Database, period: Period, experiment_ids: Sequence[str]) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.version_answers.Changes` says.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    before = period.before
    both = Period(before.start_ns, period.end_ns)
    asked = Asked(experiment_ids=tuple(experiment_ids), include_deleted=True)
    found = version_figures.versions(database, both, asked, MAX_VERSIONS)
    ids = [version.model_id for version in found]
    sides = [
        (
            version_figures.figures(database, ids, one),
            version_figures.scores(database, ids, one).totals,
            _described(version_figures.traffic(database, one, experiment_ids)),
        )
        for one in (period, before)
    ]
    (now, scored_now, traffic_now), (then, scored_then, traffic_then) = sides
    names = {name for side in (scored_now, scored_then) for named in side.values() for name in named}
    directions = version_figures.directions(database, names)
    return {
        "current": period.described(),
        "previous": before.described(),
        "totals": {"current": traffic_now, "previous": traffic_then},
        "models": [
            {
                **_named(version, period),
                "current": _optional(now.get(version.model_id)),
                "previous": _optional(then.get(version.model_id)),
                "scores": _scores(
                    scored_now.get(version.model_id, {}), scored_then.get(version.model_id, {}), directions
                ),
            }
            for version in found
        ],
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
    now: Mapping[str, Mapping[str, Any]],
    then: Mapping[str, Mapping[str, Any]],
    directions: Mapping[str, bool | None],
) -> list[dict[str, Any]]:
    found = []
    for name in sorted({*now, *then}):
        means = {
            "current": now.get(name, {}).get("mean"),
            "previous": then.get(name, {}).get("mean"),
        }
        if means["current"] is not None or means["previous"] is not None:
            found.append({"name": name, **means, "greater_is_better": directions[name]})
    return found
