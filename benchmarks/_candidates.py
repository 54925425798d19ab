"""The tables that are compared: the shipped columns under other keys, indexes and codecs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from spanfold_schemas.migrate import load_migrations

_COLUMNS: Final = re.compile(r"\((.*?)(?:,\s*INDEX.*)?\n\) ENGINE", re.DOTALL)

BLOOM_ON_TRACE: Final = "INDEX trace_bloom TraceId TYPE bloom_filter(0.001) GRANULARITY 1"
TEXT_ON_VALUES: Final = "INDEX value_text mapValues(SpanAttributes) TYPE text(tokenizer = 'array')"
BLOOM_ON_VALUES: Final = "INDEX value_bloom mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1"
TEXT_ON_INPUT: Final = "INDEX input_text lower(Input) TYPE text(tokenizer = 'splitByNonAlpha')"
TEXT_ON_OUTPUT: Final = "INDEX output_text lower(Output) TYPE text(tokenizer = 'splitByNonAlpha')"
MINMAX_ON_TIME: Final = "INDEX time_minmax Timestamp TYPE minmax GRANULARITY 1"
TRACE_PROJECTION: Final = "PROJECTION trace_offsets (SELECT _part_offset ORDER BY TraceId)"
# Each in a table of its own: planning a query takes milliseconds more for every index that a table has.
INDEXES: Final = (
    BLOOM_ON_TRACE,
    TEXT_ON_VALUES,
    BLOOM_ON_VALUES,
    TEXT_ON_INPUT,
    TEXT_ON_OUTPUT,
    MINMAX_ON_TIME,
    TRACE_PROJECTION,
)


def index_name(definition: str) -> str:
    """``INDEX name ...`` and ``PROJECTION name ...`` give ``name``."""
    return definition.split()[1]


def indexed(definition: str) -> Table:
    """The base table with one index or projection."""
    return replace(BASE, name=f"with_{index_name(definition)}", extras=(definition,))


@dataclass(frozen=True, slots=True)
class Table:
    """One way to lay the spans out."""

    name: str
    key: str = "ModelId, Timestamp, TraceId, SpanId"
    primary: str = "ModelId, Timestamp"
    granularity: int = 1024
    newest: str = "Timestamp DESC"
    """What to order by so that this key is read backwards."""
    entries: str = "Entry > 0"
    """Which spans count as traces, in the words that this key understands."""
    extras: tuple[str, ...] = ()
    """Indexes and projections."""
    codecs: tuple[tuple[str, str], ...] = ()
    """(pattern, replacement) on the shipped columns."""
    fsync: bool = True

    def create(self) -> str:
        """The CREATE TABLE statement."""
        columns = shipped_columns()
        for pattern, replacement in self.codecs:
            columns, count = re.subn(pattern, replacement, columns, flags=re.MULTILINE)
            if not count:
                message = f"{self.name}: the shipped columns have no {pattern}"
                raise ValueError(message)
        return (
            f"CREATE TABLE {self.name} ({', '.join((columns, *self.extras))}) ENGINE = ReplacingMergeTree"
            f" PARTITION BY toDate(Timestamp) PRIMARY KEY ({self.primary}) ORDER BY ({self.key})"
            f" SETTINGS index_granularity = {self.granularity}, non_replicated_deduplication_window = 10000,"
            f" fsync_after_insert = {self.fsync:d}, fsync_part_directory = {self.fsync:d},"
            " deduplicate_merge_projection_mode = 'rebuild'"
        )


def shipped_columns() -> str:
    """The columns of the shipped table ``spans``, without its indexes."""
    match = _COLUMNS.search(load_migrations()[0].statements[0])
    if match is None:
        message = "the first migration's first statement no longer creates the table spans"
        raise ValueError(message)
    return match[1].rstrip()


BASE: Final = Table("by_model_time")
KEYS: Final = (
    BASE,
    replace(BASE, name="by_model_time_8192", granularity=8192),
    Table(
        "by_model_minute",
        "ModelId, toStartOfMinute(Timestamp), TraceId, Timestamp, SpanId",
        "ModelId, toStartOfMinute(Timestamp), TraceId",
        newest="toStartOfMinute(Timestamp) DESC, Timestamp DESC",
    ),
    Table(
        "by_model_entry_time",
        "ModelId, Entry = 0, Timestamp, TraceId, SpanId",
        "ModelId, Entry = 0, Timestamp",
        entries="(Entry = 0) = 0",
    ),
    Table(
        "by_service_name",
        "ServiceName, SpanName, toDateTime(Timestamp), TraceId, SpanId",
        "ServiceName, SpanName, toDateTime(Timestamp)",
        granularity=8192,
    ),
)

_MESSAGES: Final = r"^( *(?:Input|Output) String) CODEC.*?\)(,?)$"
_TIMESTAMP: Final = r"^( *Timestamp \S+) CODEC.*$"


def _with(*extras: str) -> Table:
    return replace(BASE, extras=extras)


def _coded(pattern: str, replacement: str) -> Table:
    return replace(BASE, codecs=((pattern, replacement),))


WRITE_CANDIDATES: Final = (
    ("shipped columns, no index", BASE),
    ("... without fsync", replace(BASE, fsync=False)),
    ("granularity 8192", KEYS[1]),
    ("key (ModelId, minute, TraceId)", KEYS[2]),
    ("key (ModelId, Entry = 0, Timestamp)", KEYS[3]),
    ("+ bloom filter on TraceId", _with(BLOOM_ON_TRACE)),
    ("+ projection by TraceId", _with(TRACE_PROJECTION)),
    ("+ minmax on Timestamp", _with(MINMAX_ON_TIME)),
    ("+ text index on attribute values", _with(TEXT_ON_VALUES)),
    ("+ bloom filter on attribute values", _with(BLOOM_ON_VALUES)),
    ("+ text index on lower(Input)", _with(TEXT_ON_INPUT)),
    ("+ text index on both messages", _with(TEXT_ON_INPUT, TEXT_ON_OUTPUT)),
    ("messages LZ4", _coded(_MESSAGES, r"\1 CODEC(LZ4)\2")),
    ("messages ZSTD(1)", _coded(_MESSAGES, r"\1 CODEC(ZSTD(1))\2")),
    ("messages ZSTD(3)", _coded(_MESSAGES, r"\1 CODEC(ZSTD(3))\2")),
    ("messages ZSTD(6)", _coded(_MESSAGES, r"\1 CODEC(ZSTD(6))\2")),
    ("tokens and cost not Nullable", _coded(r"Nullable\((UInt64|Float64)\)", r"\1")),
    ("Timestamp ZSTD(1)", _coded(_TIMESTAMP, r"\1 CODEC(ZSTD(1)),")),
    ("Timestamp DoubleDelta, ZSTD(1)", _coded(_TIMESTAMP, r"\1 CODEC(DoubleDelta, ZSTD(1)),")),
    ("Duration T64, ZSTD(1)", _coded(r"^( *Duration UInt64) CODEC.*$", r"\1 CODEC(T64, ZSTD(1)),")),
)

TRACE_RANGES: Final = {
    "trace_ranges": ("", "TraceId"),
    "trace_ranges_model": ("ModelId LowCardinality(String), ", "TraceId, ModelId"),
}
"""Lookups from a trace ID to its time range, and with the models that its spans belong to."""

_ONE_OF_MANY_MODELS: Final = "concat(ModelId, '-', toString(cityHash64(TraceId) % 100))"
_MANY_CREATE: Final = (
    "CREATE TABLE many_models (ModelId LowCardinality(String),"
    " Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceId FixedString(16) CODEC(ZSTD(1)),"
    f" SpanId FixedString(8) CODEC(ZSTD(1)), {BLOOM_ON_TRACE}) ENGINE = MergeTree"
    f" PARTITION BY toDate(Timestamp) ORDER BY ({BASE.key}) SETTINGS index_granularity = 1024"
)
_MANY_FILL: Final = (
    f"INSERT INTO many_models SELECT {_ONE_OF_MANY_MODELS} AS ModelId, Timestamp, TraceId, SpanId"
    f" FROM {BASE.name}"
)
_MANY_RANGES: Final = (
    "CREATE TABLE many_models_ranges ENGINE = MergeTree ORDER BY TraceId SETTINGS index_granularity = 1024 AS"
    " SELECT TraceId, ModelId, min(Timestamp) AS Start, max(Timestamp) AS End FROM many_models"
    " GROUP BY TraceId, ModelId"
)
MANY_MODELS: Final = (_MANY_CREATE, _MANY_FILL, "OPTIMIZE TABLE many_models FINAL", _MANY_RANGES)
"""The keys alone, with a hundred times as many models: a day of one fills less than a granule."""

LATENCIES: Final = {
    "rollup_tdigest": "quantilesTDigest(0.5, 0.95, 0.99)",
    "rollup_dd": "quantilesDD(0.01, 0.5, 0.95, 0.99)",
    "rollup_counts": "",
}
"""Rollups by model and minute, by what they keep to tell the latency's quantiles from."""


def ranges_create(table: str) -> str:
    """The CREATE TABLE statement of a lookup."""
    return (
        f"CREATE TABLE {table} (TraceId FixedString(16) CODEC(ZSTD(1)), {TRACE_RANGES[table][0]}"
        " Start DateTime64(9) CODEC(Delta(8), ZSTD(1)), End DateTime64(9) CODEC(Delta(8), ZSTD(1)))"
        " ENGINE = MergeTree PARTITION BY toMonday(Start) ORDER BY TraceId"
        " SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,"
        " fsync_after_insert = 1, fsync_part_directory = 1"
    )


def ranges_select(table: str, source: str) -> str:
    """The SELECT that fills a lookup."""
    group = TRACE_RANGES[table][1]
    return f"SELECT {group}, min(Timestamp) AS Start, max(Timestamp) AS End FROM {source} GROUP BY {group}"


def rollup_create(table: str) -> str:
    """The CREATE TABLE statement of a rollup."""
    latency = LATENCIES[table]
    state = f"Latency AggregateFunction({latency}, UInt64) CODEC(ZSTD(1))," if latency else ""
    return (
        f"CREATE TABLE {table} (ModelId LowCardinality(String),"
        f" Minute DateTime CODEC(Delta(4), ZSTD(1)), {state}"
        " SpanCount SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),"
        " TraceCount SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),"
        " ErrorCount SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),"
        " InputTokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(ZSTD(1)),"
        " OutputTokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(ZSTD(1)),"
        " Cost SimpleAggregateFunction(sum, Nullable(Float64)) CODEC(ZSTD(1)))"
        " ENGINE = AggregatingMergeTree PARTITION BY toMonday(Minute) ORDER BY (ModelId, Minute)"
        " SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,"
        " fsync_after_insert = 1, fsync_part_directory = 1"
    )


def rollup_select(table: str, source: str) -> str:
    """The SELECT that fills a rollup."""
    name, _, arguments = LATENCIES[table].partition("(")
    latency = f"{name}StateIf({arguments}(Duration, Entry > 0) AS Latency," if name else ""
    return (
        f"SELECT ModelId, toStartOfMinute(toDateTime(Timestamp)) AS Minute, {latency} count() AS SpanCount,"
        " countIf(Entry > 0) AS TraceCount, countIf(Entry > 0 AND StatusCode = 2) AS ErrorCount,"
        " sumOrNull(InputTokens) AS InputTokens, sumOrNull(OutputTokens) AS OutputTokens,"
        f" sumOrNull(Cost) AS Cost FROM {source} GROUP BY ModelId, Minute"
    )
