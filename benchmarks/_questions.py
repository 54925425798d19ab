"""The questions that ``schema_candidates.py`` puts to each candidate, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks._candidates import (
    BASE,
    BLOOM_ON_TRACE,
    BLOOM_ON_VALUES,
    KEYS,
    LATENCIES,
    MINMAX_ON_TIME,
    TEXT_ON_INPUT,
    TEXT_ON_VALUES,
    TRACE_PROJECTION,
    Table,
    indexed,
)
from benchmarks._spans_generator import DAYS, FIRST_DAY_S

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY: Final = "ModelId, Timestamp, TraceId, SpanId"
# Not AS Input: a condition would then mean the alias, and miss both the index and what lies behind the cut.
LISTED: Final = (
    "TraceId, Timestamp, SpanName, ServiceName, StatusCode, StatusMessage, Duration,"
    " substring(Input, 1, 1000) AS InputStart, substring(Output, 1, 1000) AS OutputStart"
)
BUSY: Final = "ModelId = concat('m-', lower(hex(sipHash128('model', toUInt32(0)))))"
"""The version with the most traffic: 37 % of the spans."""
QUIET: Final = "ModelId = concat('m-', lower(hex(sipHash128('model', toUInt32(19)))))"
"""The version with the least: 2 %."""
LAST_DAY: Final = f"Timestamp >= toDateTime({FIRST_DAY_S + (DAYS - 1) * 86400}, 'UTC')"
LAST_DAY_OF_ROLLUP: Final = LAST_DAY.replace("Timestamp", "Minute")
ENTRIES_A_TRACE: Final = 2
SAMPLED_TRACES: Final = 9
USERS: Final = 50_000
"""In the generator."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question put to one candidate."""

    question: str
    candidate: str
    statements: tuple[str, ...]
    """Run in turn; the same question about other traces."""


def newest(table: Table, where: str, entries: str | None = None, limit: int = 100) -> str:
    """The newest spans that fulfil a condition, one a trace: keys first, then their wide columns."""
    keys = (
        f"SELECT {KEY} FROM {table.name} WHERE {where} AND {entries or table.entries}"
        f" ORDER BY {table.newest} LIMIT {limit * ENTRIES_A_TRACE}"
    )
    return (
        f"SELECT {LISTED} FROM {table.name} WHERE ({KEY}) IN ({keys})"
        f" ORDER BY Timestamp DESC LIMIT 1 BY TraceId LIMIT {limit}"
    )


def newest_cases() -> Iterator[Case]:
    """Lists, newest first."""
    at_once = (
        f"SELECT {LISTED} FROM {BASE.name} WHERE {BUSY} AND Entry > 0"
        " ORDER BY Timestamp DESC LIMIT 1 BY TraceId LIMIT 100"
    )
    question = "newest 100 traces of the busiest version"
    yield Case(question, "by_model_time, in one go", (at_once,))
    for table in KEYS:
        yield Case(question, table.name, (newest(table, BUSY),))
    for table in KEYS:
        yield Case("newest 100 traces of the quietest version", table.name, (newest(table, QUIET),))
    for table in KEYS:
        yield Case("newest 100 traces of all versions, last day", table.name, (newest(table, LAST_DAY),))
    question = "newest 100 traces of all versions"
    yield Case(question, "by_model_time", (newest(BASE, "1"),))
    yield Case(question, "by_model_time, minmax on time", (newest(indexed(MINMAX_ON_TIME), "1"),))


def trace_cases(traces: int) -> Iterator[Case]:
    """One trace by its ID."""
    step = traces // SAMPLED_TRACES
    ids = [f"sipHash128('trace', toUInt64({number * step}))" for number in range(SAMPLED_TRACES)]

    def case(candidate: str, select: str, table: Table, ranges: str = "") -> Case:
        select = select.replace("{table}", table.name).replace("{ranges}", ranges)
        return Case("one trace by ID", candidate, tuple(select.replace("{id}", each) for each in ids))

    spans = "SELECT * FROM {table} WHERE TraceId = {id}"
    extent = "WITH (SELECT (min(Start), max(End)) FROM {ranges} WHERE TraceId = {id}) AS Extent "
    by_time = extent + spans + " AND Timestamp >= Extent.1 AND Timestamp <= Extent.2"
    by_model = by_time + " AND ModelId IN (SELECT ModelId FROM {ranges} WHERE TraceId = {id})"
    yield case("no index", spans, BASE)
    yield case("bloom filter", spans, indexed(BLOOM_ON_TRACE))
    yield case("projection of part offsets", spans, indexed(TRACE_PROJECTION))
    yield case("times by lookup and bloom filter", by_time, indexed(BLOOM_ON_TRACE), "trace_ranges")
    for table in KEYS:
        yield case(f"times by lookup, {table.name}", by_time, table, "trace_ranges")
        yield case(f"times and models by lookup, {table.name}", by_model, table, "trace_ranges_model")
    many = Table("many_models")
    unindexed = " SETTINGS use_skip_indexes = 0"
    yield case("2,000 models: times by lookup", by_time + unindexed, many, "trace_ranges")
    yield case("2,000 models: times and models by lookup", by_model + unindexed, many, "many_models_ranges")
    yield case("2,000 models: times by lookup and bloom filter", by_time, many, "trace_ranges")


def filter_cases() -> Iterator[Case]:
    """Attribute filters."""
    values = (
        ("in half the spans", "deployment.region", "eu-west-1"),
        ("in 25 traces", "user.id", f"u-{int(USERS**0.9)}"),
        ("absent", "user.id", "u-nobody"),
    )
    tables = (
        ("no index", BASE),
        ("text index", indexed(TEXT_ON_VALUES)),
        ("bloom filter", indexed(BLOOM_ON_VALUES)),
    )
    for frequency, key, value in values:
        for scope, where in (("the busiest version", BUSY), ("all versions", "1")):
            for candidate, table in tables:
                sql = newest(table, f"{where} AND SpanAttributes['{key}'] = '{value}'")
                yield Case(
                    f"newest 100 traces of {scope} with an attribute value {frequency}", candidate, (sql,)
                )


def search_cases() -> Iterator[Case]:
    """Words in prompts."""
    words = (
        ("in 160 traces", "zyxquark"),
        ("in 1 of 50 spans", "pomelu"),
        ("in 1 of 4 spans", "cepor"),
        ("absent", "nowhere"),
    )
    for frequency, word in words:
        tests = (
            ("hasToken", f"hasToken(lower(Input), '{word}')"),
            ("LIKE", f"lower(Input) LIKE '%{word}%'"),
            ("ILIKE", f"Input ILIKE '%{word}%'"),
        )
        for scope, where in (("the busiest version", BUSY), ("all versions, last day", LAST_DAY)):
            for function, test in tests:
                for candidate, table in (("no index", BASE), ("text index", indexed(TEXT_ON_INPUT))):
                    sql = newest(table, f"{where} AND {test}", entries="1")
                    question = f"newest 100 traces of {scope} with a word {frequency}"
                    yield Case(question, f"{function}, {candidate}", (sql,))


def summary_cases() -> Iterator[Case]:
    """Sums and quantiles of a day or a week, and counts by minute."""
    sums = "sum({}), sum(InputTokens), sum(OutputTokens), sum(Cost)"
    exact = f"countIf(Entry > 0), countIf(Entry > 0 AND StatusCode = 2), {sums.format('1')}"
    exact += ", quantilesExactIf(0.5, 0.95, 0.99)(Duration, Entry > 0)"
    for scope, model in (("the busiest version", BUSY), ("each version", "1")):
        for span, since, minute in (("day", LAST_DAY, LAST_DAY_OF_ROLLUP), ("week", "1", "1")):
            question = f"summary of {scope}, {span}"
            sql = f"SELECT ModelId, {exact} FROM {BASE.name} WHERE {model} AND {since} GROUP BY ModelId"
            for name, latency in (("exact", "Exact"), ("TDigest", "TDigest")):
                yield Case(question, f"spans, {name}", (sql.replace("Exact", latency),))
            once = f"(SELECT * FROM {BASE.name} WHERE {model} AND {since} LIMIT 1 BY TraceId, SpanId)"
            once = f"SELECT ModelId, {exact} FROM {once} GROUP BY ModelId"
            yield Case(question, "spans, exact, each span once", (once,))
            for rollup, state in LATENCIES.items():
                latency = state.replace("(", "Merge(", 1) + "(Latency), " if state else ""
                columns = f"{latency} sum(TraceCount), sum(ErrorCount), {sums.format('SpanCount')}"
                sql = f"SELECT ModelId, {columns} FROM {rollup} WHERE {model} AND {minute} GROUP BY ModelId"
                yield Case(question, rollup, (sql,))
        question = f"counts by minute of {scope}, day"
        sql = "SELECT toStartOfMinute(Timestamp) AS Minute, count()"
        sql += f" FROM {BASE.name} WHERE {model} AND {LAST_DAY} GROUP BY Minute"
        yield Case(question, "spans", (sql,))
        sql = "SELECT Minute, sum(SpanCount)"
        sql += f" FROM rollup_tdigest WHERE {model} AND {LAST_DAY_OF_ROLLUP} GROUP BY Minute"
        yield Case(question, "rollup", (sql,))
