"""What got worse: each version against the one before it, and against itself in the period before.

Versions are compared by :mod:`.comparison`, from measures that the counts by the minute give
(:mod:`.regression_measures`): a home page asks for them, and must not look at every trace. What is no
larger than chance explains is not told, nor what is small however sure it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import comparison, regression_measures, version_figures
from spanfold_query_api.filter import nodes
from spanfold_query_api.filter.printer import to_text
from spanfold_query_api.regression_measures import SCORE
from spanfold_query_api.version_figures import Asked, Period, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold_query_api.comparison import Measure
    from spanfold_query_api.regression_measures import Measures
    from spanfold_schemas.database import Database

CONFIDENCE: Final = 0.99
"""Dozens of differences are looked at, of which one in twenty would be told without reason at 0.95."""
MAX_VERSIONS: Final = 200
"""That are looked at: the newest of those with traffic."""
MIN_TRACES: Final = 20
"""Of fewer, nothing is told."""
MIN_EFFECT: Final = 0.02
"""A difference that is smaller than this share of the baseline's value is not told."""
_ORDER: Final = ("worse", "better")
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """A version, and what it is compared with."""

    version: Version
    baseline: Version
    is_current: bool
    """Whether the baseline's traffic is that of the same period, and not of the one before."""


def regressions(
    database: Database, period: Period, experiment_ids: Sequence[str], limit: int
) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.version_answers.Regressions` says.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    asked = Asked(experiment_ids=tuple(experiment_ids), include_deleted=True)
    both = Period(period.before.start_ns, period.end_ns)
    versions = version_figures.versions(database, both, asked, MAX_VERSIONS)
    measured = regression_measures.read(
        database, [version.model_id for version in versions], period, CONFIDENCE
    )
    differing = [
        (pair, name, own, base)
        for pair in pairs(versions, measured)
        for name, own, base in _differing(pair, measured)
    ]
    scores = {name.removeprefix(SCORE) for _, name, _, _ in differing if name.startswith(SCORE)}
    directions = version_figures.directions(database, scores)
    found = [
        _finding(pair, name, own, base, is_more_better=is_more_better)
        for pair, name, own, base in differing
        if (is_more_better := _is_more_better(name, directions)) is not None
    ]
    told = [one for one in found if one["verdict"] == "worse" or one["model_id"] != one["baseline_model_id"]]
    return {
        **period.described(),
        "confidence": CONFIDENCE,
        "findings": sorted(told, key=_rank)[:limit],
    }


def pairs(versions: Sequence[Version], measured: Measures) -> list[Pair]:
    """What to compare with what.

    The baseline is the version before of the same application: its traffic of the same period, which is fair
    to both, or, where it was replaced, of the one before.

    Args:
        versions: newest first.
        measured: what they did.
    """

    def has_traffic(version: Version, *, is_current: bool) -> bool:
        rate = measured.get((version.model_id, is_current), {}).get("error_rate")
        return rate is not None and rate.count >= MIN_TRACES

    found: list[Pair] = []
    by_service = sorted(
        versions, key=lambda version: version.service_name
    )  # stable: newest first within each
    for _, group in groupby(by_service, key=lambda version: version.service_name):
        seen = [
            one for one in group if has_traffic(one, is_current=True) or has_traffic(one, is_current=False)
        ]
        for version, older in zip_longest(seen, seen[1:]):
            if not has_traffic(version, is_current=True):
                continue
            if older is not None:
                found.append(Pair(version, older, is_current=has_traffic(older, is_current=True)))
            if has_traffic(version, is_current=False):
                found.append(Pair(version, version, is_current=False))
    return found


def _differing(pair: Pair, measured: Measures) -> Iterator[tuple[str, Measure, Measure]]:
    own = measured[pair.version.model_id, True]
    base = measured[pair.baseline.model_id, pair.is_current]
    for name, measure in own.items():
        if name in base and _is_telling(measure, base[name]):
            yield name, measure, base[name]


def _is_telling(own: Measure, base: Measure) -> bool:
    difference = comparison.difference(own, base)
    few = min(own.count, base.count) < MIN_TRACES
    return bool(difference["significant"]) and not few and _effect(own, base) >= MIN_EFFECT


def _effect(own: Measure, base: Measure) -> float:
    """The size of the difference as a share of the baseline's value."""
    change = abs(own.interval.value - base.interval.value)
    return change / abs(base.interval.value) if base.interval.value else math.inf


def _is_more_better(metric: str, directions: Mapping[str, bool | None]) -> bool | None:
    return directions[metric.removeprefix(SCORE)] if metric.startswith(SCORE) else False


def _finding(pair: Pair, name: str, own: Measure, base: Measure, *, is_more_better: bool) -> dict[str, Any]:
    difference = comparison.difference(own, base)
    change = difference["absolute"]
    is_more = own.interval.value > base.interval.value
    return {
        "model_id": pair.version.model_id,
        "model_name": pair.version.name,
        "baseline_model_id": pair.baseline.model_id,
        "baseline_model_name": pair.baseline.name,
        "service_name": pair.version.service_name,
        "metric": name,
        "unit": own.unit,
        "value": float(own.interval.value),
        "baseline_value": float(base.interval.value),
        "lower": change["lower"],
        "upper": change["upper"],
        "relative": None if difference["relative"] is None else difference["relative"]["value"],
        "verdict": "better" if is_more_better is is_more else "worse",
        "trace_count": own.count,
        "baseline_trace_count": base.count,
        "filter": _filter(pair.version, name, own, base),
    }


def _rank(finding: Mapping[str, Any]) -> tuple[int, float, str, str]:
    base = finding["baseline_value"]
    effect = abs(finding["value"] - base) / abs(base) if base else math.inf
    return _ORDER.index(finding["verdict"]), -effect, finding["model_id"], finding["metric"]


def _filter(version: Version, name: str, own: Measure, base: Measure) -> str:
    """For the listing: the version's traces on the far side of the baseline's value.

    Tokens and cost are sums over a trace's spans, which a filter cannot compare: all of the version's traces.
    """
    conditions: list[nodes.Node] = [
        nodes.Comparison(nodes.Field("model_id"), "=", nodes.Literal(version.model_id))
    ]
    limit = nodes.Literal(float(f"{base.interval.value:.{_DIGITS}g}"))
    operator = ">" if own.interval.value > base.interval.value else "<"
    if name == "error_rate":
        is_more = operator == ">"
        failed = nodes.Comparison(nodes.Field("status"), "=" if is_more else "!=", nodes.Literal("ERROR"))
        conditions.append(failed)
    elif name.startswith("latency_"):
        conditions.append(nodes.Comparison(nodes.Field("latency_ms"), operator, limit))
    elif name.startswith(SCORE):
        scored = nodes.Field("scores", name.removeprefix(SCORE))
        conditions.append(nodes.Comparison(scored, operator, limit))
    return to_text(nodes.And(tuple(conditions)) if len(conditions) > 1 else conditions[0])
