"""What got worse: each version against the one before it, and against itself in the period before.

Versions are compared as :mod:`.comparison` does it, by a sample of each one's traces. What is no larger than chance
explains is not told, nor what is small however sure it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import comparison, version_figures
from spanfold_query_api.filter import nodes
from spanfold_query_api.filter.printer import to_text
from spanfold_query_api.version_figures import Asked, Period, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold_query_api.comparison import Measure
    from spanfold_schemas.database import Database

CONFIDENCE: Final = 0.99
"""Dozens of differences are looked at, of which one in twenty would be told without reason at 0.95."""
MAX_VERSIONS: Final = 20
"""That are looked at: those of most traffic in the period."""
MAX_TRACES: Final = 4_000
"""Of a version with more traces, about as many stand for all."""
MIN_TRACES: Final = 20
"""Of fewer, nothing is told."""
MIN_EFFECT: Final = 0.02
"""A difference that is smaller than this share of the baseline's value is not told."""
_CANDIDATES: Final = 500
_LOWER_IS_BETTER: Final = (
    "error_rate",
    "latency_p50",
    "latency_p95",
    "input_tokens",
    "output_tokens",
    "cost",
)
_SCORE: Final = "score."
_ORDER: Final = ("worse", "unclear", "better")
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """A version, and what it is compared with."""

    version: Version
    baseline: Version
    baseline_period: Period

    @property
    def is_itself(self) -> bool:
        """Whether it is compared with its own past."""
        return self.version.model_id == self.baseline.model_id


@dataclass(slots=True)
class _Reader:
    """Reads what versions did, each once."""

    database: Database
    known: dict[tuple[str, Period], Mapping[str, Measure]] = field(default_factory=dict)

    def measures(self, version: Version, period: Period) -> Mapping[str, Measure]:
        key = (version.model_id, period)
        if key not in self.known:
            query = comparison.CompareQuery(
                start_ns=period.start_ns, end_ns=period.end_ns, max_traces=MAX_TRACES
            )
            sample = comparison.read(self.database, version.model_id, query)
            self.known[key] = comparison.measures(sample, CONFIDENCE, None)
        return self.known[key]


def regressions(
    database: Database, period: Period, experiment_ids: Sequence[str], limit: int
) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.version_answers.Regressions` says.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    reader = _Reader(database)
    differing = [
        (pair, name, own, base)
        for pair in pairs(database, period, experiment_ids)
        for name, own, base in _differing(reader, pair, period)
    ]
    scores = {name.removeprefix(_SCORE) for _, name, _, _ in differing if name.startswith(_SCORE)}
    directions = version_figures.directions(database, scores)
    found = [_finding(pair, name, own, base, directions) for pair, name, own, base in differing]
    told = [one for one in found if one["verdict"] == "worse" or one["model_id"] != one["baseline_model_id"]]
    return {
        **period.described(),
        "confidence": CONFIDENCE,
        "findings": sorted(told, key=_rank)[:limit],
    }


def pairs(database: Database, period: Period, experiment_ids: Sequence[str]) -> list[Pair]:
    """What to compare with what: versions with traffic in the period, those with most of it first.

    The baseline is the version before of the same application that has traffic: in the same period, which is fair to
    both, or, where it was replaced, in the one before as well.
    """
    before = period.before
    both = Period(before.start_ns, period.end_ns)
    asked = Asked(experiment_ids=tuple(experiment_ids), include_deleted=True)
    seen = version_figures.versions(database, both, asked, _CANDIDATES)
    ids = [version.model_id for version in seen]
    now, then = (version_figures.figures(database, ids, one) for one in (period, before))

    def count(side: Mapping[str, Mapping[str, Any]], version: Version) -> int:
        return int(side.get(version.model_id, {}).get("trace_count", 0))

    found: list[Pair] = []
    by_service = sorted(seen, key=lambda version: version.service_name)  # stable: newest first within each
    for _, group in groupby(by_service, key=lambda version: version.service_name):
        ordered = [one for one in group if count(now, one) + count(then, one) >= MIN_TRACES]
        for version, older in zip(ordered, [*ordered[1:], None], strict=True):
            if count(now, version) < MIN_TRACES:
                continue
            if older is not None:
                is_fair = count(now, older) >= MIN_TRACES
                found.append(Pair(version, older, period if is_fair else both))
            if count(then, version) >= MIN_TRACES:
                found.append(Pair(version, version, before))
    most = sorted({pair.version for pair in found}, key=lambda one: (-count(now, one), one.model_id))
    kept = {version.model_id for version in most[:MAX_VERSIONS]}
    return [pair for pair in found if pair.version.model_id in kept]


def _differing(reader: _Reader, pair: Pair, period: Period) -> Iterator[tuple[str, Measure, Measure]]:
    own = reader.measures(pair.version, period)
    base = reader.measures(pair.baseline, pair.baseline_period)
    for name in own:
        if name in base and (name in _LOWER_IS_BETTER or name.startswith(_SCORE)):
            yield from (
                [(name, own[name], base[name])] if _is_telling(own[name], base[name]) else []
            )


def _is_telling(own: Measure, base: Measure) -> bool:
    difference = comparison.difference(own, base)
    few = min(own.count, base.count) < MIN_TRACES
    return bool(difference["significant"]) and not few and _effect(own, base) >= MIN_EFFECT


def _effect(own: Measure, base: Measure) -> float:
    """The size of the difference as a share of the baseline's value."""
    change = abs(own.interval.value - base.interval.value)
    return change / abs(base.interval.value) if base.interval.value else math.inf


def _finding(
    pair: Pair, name: str, own: Measure, base: Measure, directions: Mapping[str, bool | None]
) -> dict[str, Any]:
    greater = directions[name.removeprefix(_SCORE)] if name.startswith(_SCORE) else False
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
        "verdict": "unclear" if greater is None else "better" if greater is is_more else "worse",
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
    elif name.startswith(_SCORE):
        scored = nodes.Field("scores", name.removeprefix(_SCORE))
        conditions.append(nodes.Comparison(scored, operator, limit))
    return to_text(nodes.And(tuple(conditions)) if len(conditions) > 1 else conditions[0])
