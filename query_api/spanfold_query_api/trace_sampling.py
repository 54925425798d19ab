"""Samples of traces: by a condition on a hash of the trace ID, so that asking again gives the same traces.

A threshold a stratum makes a stratified sample of an exact size: that of a stratum which is to give n traces
is its n-th smallest hash. To find it, the hashes of little more than the sample are looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.filter.compiler import CompiledFilter, Compiler
from spanfold_query_api.filter.errors import FilterError
from spanfold_query_api.filter.fields import MODEL_NAME, SCORES, FieldType
from spanfold_query_api.filter.parser import parse_order
from spanfold_query_api.problems import invalid
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import TraceQuery, extent, range_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_schemas.database import Database

MAX_STRATA: Final = 100
MAX_STRATUM_CHARS: Final = 300
_HASHES: Final = 2**64
_HASH_SQL: Final = "sipHash64Keyed((toUInt64({sample_seed:UInt64}), toUInt64(0)), TraceId)"
_MARGIN: Final = 6.0
"""Standard deviations: a sample of n is among the hashes below n plus so many, but for one time in 10^9."""


_UNCOUNTABLE: Final = (FieldType.NUMBER, FieldType.TIME, FieldType.TRACE_ID)


@dataclass(frozen=True, slots=True)
class Sample:
    """Which traces are taken by chance."""

    seed: int = 0
    rate: float = 1.0
    stratify_by: str = ""
    thresholds: Mapping[str, int] = field(default_factory=dict)
    """The largest hash that each stratum takes; there is none of other strata."""


EVERYTHING: Final = Sample()


@dataclass(frozen=True, slots=True)
class Stratum:
    """Traces with one value of a field."""

    name: str
    count: int
    sampled: int
    threshold: int
    """The largest hash that is taken; meaningless where nothing is."""


def sampled(query: TraceQuery, sample: Sample) -> TraceQuery:
    """The query, for the traces of the sample only.

    Raises:
        ProblemError: there are no strata by this field.
    """
    condition = query.condition
    parameters: dict[str, Any] = {**condition.parameters, "sample_seed": sample.seed}
    if sample.thresholds and not sample.stratify_by:
        parameters["sample_threshold"] = max(sample.thresholds.values())
        limit = "{sample_threshold:UInt64}"
    elif sample.thresholds:
        stratum = _stratum_sql(sample.stratify_by, parameters)
        parameters["strata"] = list(sample.thresholds)
        parameters["stratum_thresholds"] = list(sample.thresholds.values())
        known = "{strata:Array(String)}, {stratum_thresholds:Array(UInt64)}"
        limit = f"transform({stratum}, {known}, toUInt64(0))"
    elif sample.rate < 1:
        parameters["sample_threshold"] = max(0, int(sample.rate * _HASHES) - 1)
        limit = "{sample_threshold:UInt64}"
    else:
        return query
    sql = f"({condition.sql} AND {_HASH_SQL} <= {limit})"
    return replace(query, condition=CompiledFilter(sql, parameters, condition.uses_span_range))


def count(database: Database, query: TraceQuery, sample: Sample, size: int | None = None) -> list[Stratum]:
    """Count the traces of each stratum, and share out a sample among them in proportion, at least one each.

    Args:
        database: to count in.
        query: which traces.
        sample: the field that makes strata (empty for a single one), the seed, and the share of each
            stratum that is taken, unless a size is given.
        size: traces of the whole sample; at least one a stratum, if it is large enough for that.

    Raises:
        ProblemError: the field is unknown, or has too many values.
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    within = extent(database, query)
    if not within:
        return []
    parameters: dict[str, Any] = {
        **query.condition.parameters,
        **range_parameters(query.condition, within.start_ns, within.end_ns),
        "model_id": query.model_id,
        "start_ns": within.start_ns,
        "end_ns": within.end_ns,
        "max_strata": MAX_STRATA + 1,
    }
    stratum = _stratum_sql(sample.stratify_by, parameters) if sample.stratify_by else "''"
    sql = statement("count_traces", filter=query.condition.sql, stratum=stratum)
    counts = [(str(name), int(number)) for name, number in database.query(sql, parameters)]
    if len(counts) > MAX_STRATA:
        raise invalid("stratify_by", f"{sample.stratify_by} has more than {MAX_STRATA} values")
    if sample.rate >= 1 and size is None:
        return [Stratum(name, number, number, _HASHES - 1) for name, number in counts]
    shares = _shares([number for _, number in counts], sample.rate, size)
    bounds = [_bound(share, number) for share, (_, number) in zip(shares, counts, strict=True)]
    parameters |= {
        "sample_seed": sample.seed,
        "strata": [name for name, _ in counts],
        "bounds": bounds,
        "shares": shares,
    }
    sql = statement("sample_thresholds", filter=query.condition.sql, stratum=stratum, hash=_HASH_SQL)
    found = {str(name): (int(taken), int(last)) for name, taken, last in database.query(sql, parameters)}
    return [Stratum(name, number, *found.get(name, (0, 0))) for name, number in counts]


def _shares(counts: list[int], rate: float, size: int | None) -> list[int]:
    """How many each stratum gives.

    Example:
        >>> _shares([900, 90, 10], 1.0, 100), _shares([900, 90, 1], 0.1, None), _shares([5, 5], 1.0, 1)
        ([90, 9, 1], [90, 9, 1], [1, 0])
    """
    if size is None:
        return [min(number, max(1, round(rate * number))) if rate else 0 for number in counts]
    total = sum(counts)
    size = min(size, total)
    at_least = 1 if size >= len(counts) else 0
    exact = [number * size / total if total else 0.0 for number in counts]
    shares = [min(number, max(at_least, math.floor(one))) for number, one in zip(counts, exact, strict=True)]
    while (left := size - sum(shares)) != 0:
        step = 1 if left > 0 else -1
        open_ones = [
            index
            for index, number in enumerate(counts)
            if (shares[index] < number if left > 0 else shares[index] > at_least)
        ]
        # Whoever is furthest from its exact share gives or takes next.
        best = max(open_ones, key=lambda index: step * (exact[index] - shares[index]))
        shares[best] += step
    return shares


def _bound(share: int, number: int) -> int:
    """A hash that more than ``share`` of ``number`` traces are below."""
    if share >= number:
        return _HASHES - 1
    return min(_HASHES - 1, int((share + _MARGIN * math.sqrt(share) + 32) / number * _HASHES))


def _stratum_sql(stratify_by: str, parameters: dict[str, Any]) -> str:
    """The value of a field as text.

    Raises:
        ProblemError: it is no field that makes strata.
    """
    try:
        order = parse_order(stratify_by)
        named = order.field
        spec = Compiler().find(named)
    except FilterError as error:
        raise invalid("stratify_by", str(error)) from None
    if order.descending or named.any_span or spec.name == SCORES or spec.type in _UNCOUNTABLE:
        raise invalid(
            "stratify_by", f"{stratify_by} makes no strata: use a field of the trace with few values"
        )
    if spec.name == MODEL_NAME:
        raise invalid("stratify_by", "model_name: use model_id, which tells namesakes apart")
    if spec.type.keyed:
        parameters["stratum_key"] = f"{spec.key_prefix}{named.key}"
        return f"{spec.sql}[{{stratum_key:String}}]"
    if spec.type is FieldType.CHOICE:
        parameters["stratum_codes"] = list(spec.choices.values())
        parameters["stratum_words"] = list(spec.choices)
        return f"transform({spec.sql}, {{stratum_codes:Array(Int8)}}, {{stratum_words:Array(String)}}, '')"
    return f"toString({spec.sql})"
