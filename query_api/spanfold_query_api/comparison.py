"""Compares how versions did: what each trace took, summed up, and how sure a difference is.

The unit is the trace: one that entered the version, by its entry span, as the listing of traces shows it.
Past :data:`MAX_TRACES` of a version, a sample of about as many stands for all: those whose trace IDs hash
low. The same IDs are drawn every time and for every version, so the answer does not change between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold.evaluation import _intervals as intervals
from spanfold_query_api import times
from spanfold_query_api.differences import table
from spanfold_query_api.filter.compiler import RANGE_END, RANGE_START
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import EVERY_TRACE, SPAN_MARGIN_NS, TRACE_MARGIN_NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.evaluation._intervals import Interval, Relation
    from spanfold_query_api.filter.compiler import CompiledFilter
    from spanfold_schemas.database import Database

MAX_TRACES: Final = 20_000
"""Of a version with more traces than this, about as many are looked at."""
MAX_SCORES: Final = 50
"""Names of scores that are compared: those that most traces have."""
_MAX_HASH: Final = 2**64 - 1
_NS_PER_MS: Final = 1_000_000
_NS_PER_HOUR: Final = 3_600 * times.NS_PER_S
_BATCHES: Final = 20
"""Into as many equal pieces the time is cut, from whose counts the interval of the rate of traffic comes."""
_QUANTILES: Final = {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99}
_SCORE: Final = "score."


@dataclass(frozen=True, slots=True)
class CompareQuery:
    """Which traces to compare."""

    condition: CompiledFilter = EVERY_TRACE
    start_ns: int = 0
    end_ns: int | None = None
    """First unix ns that is too late; None for no end."""
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Sample:
    """What the traces of one version took. Where a trace does not tell, it is left out of that list."""

    trace_count: int
    sampled: bool
    first_ns: int
    last_ns: int
    """Start of the first and of the last trace (unix ns)."""
    started_ns: Sequence[int]
    failed: Sequence[bool]
    duration_ms: Sequence[float]
    input_tokens: Sequence[float]
    output_tokens: Sequence[float]
    cached_input_tokens: Sequence[float]
    cost: Sequence[float]
    scores: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of one version."""

    unit: str
    method: str
    interval: Interval
    count: int
    """Traces that it rests on."""
    non_negative: bool = True


def compare(
    database: Database, versions: Sequence[Mapping[str, Any]], baseline: int, query: CompareQuery
) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.compare_answers.Comparison` says.

    Args:
        database: where to read.
        versions: in the members of :class:`~spanfold_query_api.answers.LoggedModel`; no two the same.
        baseline: index of the version that the others are compared with.
        query: which traces.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    samples = [read(database, version["model_id"], query) for version in versions]
    span = _span_ns(samples, query)
    measured = [measures(sample, query.confidence, span) for sample in samples]
    names = list(dict.fromkeys(name for each in measured for name in each))
    return {
        "baseline": versions[baseline]["model_id"],
        "confidence": query.confidence,
        "start_time": None if span is None else times.format_rfc3339(span[0]),
        "end_time": None if span is None else times.format_rfc3339(span[1]),
        "params": table([version["params"] for version in versions]),
        "tags": table([version["tags"] for version in versions]),
        "models": [
            {
                "model_id": version["model_id"],
                "name": version["name"],
                "trace_count": sample.trace_count,
                "sampled": sample.sampled,
                "sample_count": len(sample.failed),
                "total_cost_usd": _total_cost(sample),
                "metrics": [
                    _metric(name, own.get(name), None if own is measured[baseline] else measured[baseline])
                    for name in names
                ],
            }
            for version, sample, own in zip(versions, samples, measured, strict=True)
        ],
    }


def read(database: Database, model_id: str, query: CompareQuery) -> Sample:
    """What the traces of one version took, or a sample of them."""
    parameters: dict[str, object] = {
        **query.condition.parameters,
        "model_id": model_id,
        "start_ns": query.start_ns,
        "end_ns": times.MAX_UNIX_NS if query.end_ns is None else query.end_ns,
    }
    if query.condition.uses_span_range:
        parameters[RANGE_START] = max(0, query.start_ns - SPAN_MARGIN_NS)
        parameters[RANGE_END] = min(
            times.MAX_UNIX_NS,
            times.MAX_UNIX_NS if query.end_ns is None else query.end_ns + SPAN_MARGIN_NS,
        )
    sql = {name: statement(name, filter=query.condition.sql) for name in _STATEMENTS}
    ((count, first_ns, last_ns),) = database.query(sql["compare_traffic"], parameters)
    if not count:
        return Sample(0, sampled=False, first_ns=0, last_ns=0, **_columns([]), scores={})
    sampled = count > MAX_TRACES
    parameters["max_hash"] = _MAX_HASH * MAX_TRACES // count if sampled else _MAX_HASH
    # What has come in since is not in the count, and may lie outside the time that traffic is counted over.
    parameters |= {"start_ns": first_ns, "end_ns": min(times.MAX_UNIX_NS, last_ns + 1)}
    within = {
        "earliest_ns": max(0, first_ns - TRACE_MARGIN_NS),
        "latest_ns": min(times.MAX_UNIX_NS, last_ns + TRACE_MARGIN_NS),
        "limit": 2 * MAX_TRACES,
    }
    rows = database.query(sql["compare_traces"], parameters | within).rows
    scored = database.query(sql["compare_scores"], parameters | {"limit": MAX_SCORES})
    scores: dict[str, list[float]] = dict(scored.rows)
    return Sample(
        count if sampled else len(rows), sampled, first_ns, last_ns, **_columns(rows), scores=scores
    )


_STATEMENTS: Final = ("compare_traffic", "compare_traces", "compare_scores")


def measures(sample: Sample, confidence: float, span: tuple[int, int] | None) -> dict[str, Measure]:
    """Every metric that the sample has values of, in the order in which they are shown.

    Args:
        sample: what the traces took.
        confidence: of the intervals.
        span: from when to when (unix ns) traffic is counted, if there is any.
    """
    found: dict[str, Measure] = {}
    if sample.started_ns and span is not None and span[1] - span[0] >= times.NS_PER_S:
        rate = intervals.mean(_rates(sample, span), confidence)
        found["traces_per_hour"] = Measure("per_hour", "batch_means", rate, len(sample.started_ns))
    if sample.failed:
        rate = intervals.proportion(sum(sample.failed), len(sample.failed), confidence)
        found["error_rate"] = Measure("ratio", "wilson", rate, len(sample.failed))
        found |= _means({"latency_mean": ("ms", sample.duration_ms)}, confidence)
        ordered = sorted(sample.duration_ms)
        for name, level in _QUANTILES.items():
            interval = intervals.quantile(ordered, level, confidence)
            found[name] = Measure("ms", "order_statistics", interval, len(ordered))
    used = {
        "input_tokens": ("tokens", sample.input_tokens),
        "output_tokens": ("tokens", sample.output_tokens),
        "cached_input_tokens": ("tokens", sample.cached_input_tokens),
        "cost": ("usd", sample.cost),
    }
    scores = {_SCORE + name: ("score", sample.scores[name]) for name in sorted(sample.scores)}
    return found | _means(used, confidence) | _means(scores, confidence)


def _means(values: Mapping[str, tuple[str, Sequence[float]]], confidence: float) -> dict[str, Measure]:
    return {
        name: Measure(
            unit, "t_skewness_corrected", intervals.mean(each, confidence), len(each), min(each) >= 0
        )
        for name, (unit, each) in values.items()
        if each
    }


def _metric(name: str, own: Measure | None, base: Mapping[str, Measure] | None) -> dict[str, Any]:
    """One metric as it is answered; ``base`` are the baseline's, None for the baseline itself."""
    if own is None:
        return {"metric": name, "unit": None, "estimate": None, "trace_count": 0, "difference": None}
    described = {"metric": name, "unit": own.unit, "method": own.method, "trace_count": own.count}
    described["estimate"] = _limits(own.interval)
    against = None if base is None else base.get(name)
    described["difference"] = None if against is None else difference(own, against)
    return described


def difference(own: Measure, base: Measure) -> dict[str, Any]:
    """How a metric differs from a baseline's, in the members of ``MetricDifference``."""
    non_negative = own.non_negative and base.non_negative
    absolute = intervals.difference(own.interval, base.interval, non_negative=non_negative)
    relative = None
    if non_negative:
        found = intervals.ratio(own.interval, base.interval)
        relative = {name: None if limit is None else limit - 1 for name, limit in _limits(found).items()}
    return {
        "absolute": _limits(absolute),
        "relative": relative,
        "significant": (absolute.lower is not None and absolute.lower > 0)
        or (absolute.upper is not None and absolute.upper < 0),
        "baseline_trace_count": base.count,
    }


def _limits(interval: Interval | Relation) -> dict[str, float | None]:
    return {"value": interval.value, "lower": interval.lower, "upper": interval.upper}


def _columns(rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The rows of ``compare_traces``, column by column, without what is not known."""
    return {
        "started_ns": [row[0] for row in rows],
        "duration_ms": [row[1] / _NS_PER_MS for row in rows],
        "failed": [bool(row[2]) for row in rows],
        "input_tokens": [row[3] for row in rows if row[3] is not None],
        "output_tokens": [row[4] for row in rows if row[4] is not None],
        "cached_input_tokens": [row[5] for row in rows if row[5] is not None],
        "cost": [row[6] for row in rows if row[6] is not None],
    }


def _span_ns(samples: Sequence[Sample], query: CompareQuery) -> tuple[int, int] | None:
    """From when to when traffic is counted: as asked for, else from the first trace to the last one."""
    seen = [sample for sample in samples if sample.trace_count]
    if not seen:
        return None
    start_ns = query.start_ns or min(sample.first_ns for sample in seen)
    end_ns = max(sample.last_ns for sample in seen) + 1 if query.end_ns is None else query.end_ns
    return start_ns, end_ns


def _rates(sample: Sample, span: tuple[int, int]) -> list[float]:
    """Traces an hour in each of equal pieces of the time: the method of batch means.

    B. Schmeiser: Batch size effects in the analysis of simulation output. Operations Research 30 (1982),
    556-568. Requests come in bursts, so that counting them as if each came by chance alone (Poisson) would
    promise too much; how much the pieces differ tells how much the rate does.
    """
    start_ns, end_ns = span
    counts = [0] * _BATCHES
    for started_ns in sample.started_ns:
        counts[(started_ns - start_ns) * _BATCHES // (end_ns - start_ns)] += 1
    traces_each = sample.trace_count / len(sample.started_ns)
    per_hour = traces_each * _BATCHES * _NS_PER_HOUR / (end_ns - start_ns)
    return [count * per_hour for count in counts]


def _total_cost(sample: Sample) -> float | None:
    """Cost of all traces whose cost is known; of a sample, scaled up to the traces that it stands for."""
    if not sample.cost:
        return None
    return sum(sample.cost) * (sample.trace_count / len(sample.failed) if sample.sampled else 1)
