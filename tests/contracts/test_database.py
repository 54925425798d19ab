"""What every database promises: one suite, run on the embedded engine and over ClickHouse's HTTP protocol."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest
from google.protobuf.internal.encoder import _VarintBytes  # type: ignore[attr-defined]
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from spanfold_schemas.database import DatabaseError, PermanentDatabaseError, RetryableDatabaseError
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spanfold_schemas.database import Database

DEDUPLICATED: Final = "SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1"
NASTY: Final = (
    "it's \"quoted\"\ta \\ tab\nnew \\n line\r{x:Int8} %s \x00 \u00e9 \U0001f600 '; DROP TABLE t --"
)
MOMENT: Final = datetime(2026, 3, 29, 1, 30, 59, 123456, tzinfo=UTC)
PARAMETERS: Final[list[tuple[str, object, object]]] = [
    ("String", NASTY, NASTY),
    ("String", "", ""),
    ("String", "\\N", "\\N"),
    ("Nullable(String)", None, None),
    ("LowCardinality(String)", NASTY, NASTY),
    ("Array(String)", [NASTY, "", "NULL"], [NASTY, "", "NULL"]),
    ("Array(String)", [], []),
    ("Bool", True, True),
    ("Int8", -128, -128),
    ("Int64", -(2**63), -(2**63)),
    ("UInt64", 2**64 - 1, 2**64 - 1),
    ("Array(UInt64)", [0, 2**64 - 1], [0, 2**64 - 1]),
    ("Float64", 1e-7, 1e-7),
    ("Float64", 0.1 + 0.2, 0.1 + 0.2),
    ("Array(Float64)", [float("inf"), -0.5], [float("inf"), -0.5]),
    ("DateTime64(9)", MOMENT, MOMENT),
    ("DateTime64(9)", MOMENT.astimezone(timezone(timedelta(hours=-5))), MOMENT),
    ("DateTime", MOMENT.replace(microsecond=0), MOMENT.replace(microsecond=0)),
    ("Array(DateTime64(6))", [MOMENT], [MOMENT]),
    ("UUID", "0190b2c0-0000-7000-8000-000000000001", UUID("0190b2c0-0000-7000-8000-000000000001")),
    ("FixedString(4)", b"a\x00\xff\\", b"a\x00\xff\\"),
]
ENDLESS: Final = "SELECT count() FROM system.numbers WHERE number % 7 = 9"


def framed(spans: Sequence[Span]) -> bytes:
    """One message of spans, behind its length."""
    message = TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])
    body = message.SerializeToString()
    return bytes(_VarintBytes(len(body))) + body


def spans_named(*names: str) -> list[Span]:
    return [
        Span(name=name, trace_id=bytes([255, 0, *range(14)]), kind=Span.SPAN_KIND_CLIENT) for name in names
    ]


def count(database: Database, table: str) -> int:
    return int(database.query(f"SELECT count() FROM {table}").rows[0][0])


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    PARAMETERS,
    ids=[f"{number}-{case[0]}" for number, case in enumerate(PARAMETERS)],
)
def test_a_parameter_of_each_type_reaches_the_engine_unchanged(
    database: Database, type_name: str, value: object, expected: object
) -> None:
    result = database.query(f"SELECT {{value:{type_name}}} AS value", {"value": value})

    assert result.columns == ("value",)
    assert result.dicts() == [{"value": expected}]


def test_an_identifier_in_hexadecimal_finds_its_fixed_string(database: Database) -> None:
    sql = "SELECT toFixedString(unhex('00ff0a27'), 4) AS id WHERE id = unhex({id:String})"

    assert database.query(sql, {"id": "00ff0a27"}).rows == [(b"\x00\xff\n'",)]
    assert database.query(sql, {"id": "00ff0a28"}).rows == []


def test_parameters_of_many_kilobytes_are_no_problem(database: Database) -> None:
    values = [f"{number:032x}" for number in range(5_000)]

    result = database.query(
        "SELECT length({values:Array(String)}), {last:String}", {"values": values, "last": "x"}
    )

    assert result.rows == [(5_000, "x")]


def test_a_fixed_string_is_bytes_wherever_it_stands(database: Database) -> None:
    sql = "SELECT toFixedString('ab', 2) AS a, [a] AS b, toLowCardinality(a) AS c, map('k', a) AS d"

    assert database.query(sql).rows == [(b"ab", [b"ab"], b"ab", {"k": b"ab"})]


def test_no_rows_is_an_empty_result_with_its_columns(database: Database) -> None:
    for sql in ("SELECT 1 AS a, 'x' AS b WHERE 0", "SELECT 1 AS a, 'x' AS b LIMIT 0"):
        result = database.query(sql)
        assert list(result.rows) == []
        assert result.columns in {("a", "b"), ()}


def test_a_statement_may_bring_settings_of_its_own(database: Database) -> None:
    sql = "SELECT getSetting('max_block_size') SETTINGS max_block_size = 77"

    assert database.query(sql).rows == [(77,)]


def test_a_datetime_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(PermanentDatabaseError, match="no time zone"):
        database.query("SELECT {at:DateTime64(9)}", {"at": MOMENT.replace(tzinfo=None)})


def test_a_command_takes_parameters(database: Database, table: Callable[[str], str]) -> None:
    target = table("CREATE TABLE {table} (name String) ENGINE = MergeTree ORDER BY name")

    database.command(f"INSERT INTO {target} SELECT {{name:String}}", {"name": NASTY})

    assert database.query(f"SELECT name FROM {target}").rows == [(NASTY,)]


def test_rows_come_back_as_they_were_inserted(database: Database, table: Callable[[str], str]) -> None:
    target = table(
        "CREATE TABLE {table} (id FixedString(4), at DateTime64(9), name LowCardinality(String),"
        " tokens Nullable(UInt64), attributes Map(LowCardinality(String), String),"
        " links Array(FixedString(4)))"
        " ENGINE = MergeTree ORDER BY id"
    )
    columns = ("id", "at", "name", "tokens", "attributes", "links")
    rows: list[tuple[Any, ...]] = [
        (b"\x00\xff\n'", MOMENT, NASTY, None, {NASTY: NASTY}, [b"abcd", b"\xff" * 4]),
        (b"zzzz", MOMENT, "", 2**64 - 1, {}, []),
    ]

    database.insert_rows(target, columns, rows, token="one")

    assert database.query(f"SELECT * FROM {target} ORDER BY id").rows == rows


def test_a_second_insert_with_the_same_token_writes_nothing(
    database: Database, table: Callable[[str], str]
) -> None:
    target = table(f"CREATE TABLE {{table}} (n UInt64) ENGINE = MergeTree ORDER BY n {DEDUPLICATED}")

    for token in ("a", "a", "b", "a"):
        database.insert_rows(target, ("n",), [(1,), (2,)], token=token)

    assert count(database, target) == 4


def test_an_insert_is_answered_once_it_is_written(database: Database, table: Callable[[str], str]) -> None:
    """Servers buffer inserts by default: the answer to such a one would promise nothing."""
    target = table(
        "CREATE TABLE {table} (n UInt8, buffered Bool DEFAULT getSetting('async_insert'))"
        " ENGINE = MergeTree ORDER BY n"
    )

    database.insert_rows(target, ("n",), [(1,)], token="t")

    assert database.query(f"SELECT buffered FROM {target}").rows == [(False,)]


@pytest.fixture
def landing(database: Database, table: Callable[[str], str]) -> tuple[str, str, str, str]:
    """A landing table with two views: its name, that of the rows, of the counts, and of a gate.

    The rows are partitioned by name, so one insert makes several parts. The counts' view throws while the
    gate is empty.
    """
    spans = "resource_spans.scope_spans.spans"
    source = table(
        f"CREATE TABLE {{table}} (`{spans}.name` Array(Array(Array(String))),"
        f" `{spans}.trace_id` Array(Array(Array(String))),"
        f" `{spans}.kind` Array(Array(Array(Int32)))) ENGINE = Null"
    )
    rows = table(
        "CREATE TABLE {table} (name String, trace_id FixedString(16), kind Int8) ENGINE = MergeTree"
        f" PARTITION BY name ORDER BY name {DEDUPLICATED}"
    )
    counts = table(
        "CREATE TABLE {table} (kind Int8, spans SimpleAggregateFunction(sum, UInt64))"
        f" ENGINE = AggregatingMergeTree ORDER BY kind {DEDUPLICATED}"
    )
    gate = table("CREATE TABLE {table} (n UInt8) ENGINE = MergeTree ORDER BY n")
    database.insert_rows(gate, ("n",), [(1,)], token="open")
    table(
        f"CREATE MATERIALIZED VIEW {{table}} TO {rows} AS SELECT name, trace_id, kind FROM {source}"
        f" ARRAY JOIN arrayFlatten(`{spans}.name`) AS name, arrayFlatten(`{spans}.trace_id`) AS trace_id,"
        f" arrayFlatten(`{spans}.kind`) AS kind"
    )
    table(
        f"CREATE MATERIALIZED VIEW {{table}} TO {counts} AS SELECT kind, count() AS spans FROM {rows}"
        f" WHERE NOT throwIf((SELECT count() FROM {gate}) = 0, 'the gate is closed') GROUP BY kind"
    )
    return source, rows, counts, gate


def total(database: Database, counts: str) -> int:
    return int(database.query(f"SELECT sum(spans) FROM {counts}").rows[0][0])


def test_the_engine_decodes_protobuf_and_views_spread_it(
    database: Database, landing: tuple[str, str, str, str]
) -> None:
    source, rows, counts, _ = landing
    body = framed(spans_named("a", NASTY.replace("\x00", ""))) + framed(spans_named("\n"))

    database.insert_protobuf(source, body, message="TracesData", token="t")

    names = sorted(["a", NASTY.replace("\x00", ""), "\n"])
    expected = [(name, bytes([255, 0, *range(14)]), 3) for name in names]
    assert sorted(database.query(f"SELECT name, trace_id, kind FROM {rows}").rows) == expected
    assert total(database, counts) == 3


def test_a_token_holds_in_the_tables_that_views_feed(
    database: Database, landing: tuple[str, str, str, str]
) -> None:
    source, rows, counts, _ = landing
    body = framed(spans_named("a", "b", "c"))

    for token in ("t1", "t1", "t2", "t1", "t2"):
        database.insert_protobuf(source, body, message="TracesData", token=token)

    assert count(database, rows) == 6
    assert total(database, counts) == 6


def test_a_repeated_insert_completes_one_that_failed_half_way(
    database: Database, landing: tuple[str, str, str, str]
) -> None:
    source, rows, counts, gate = landing
    body = framed(spans_named("a", "b", "c"))
    database.command(f"TRUNCATE TABLE {gate}")
    with pytest.raises(DatabaseError, match="the gate is closed"):
        database.insert_protobuf(source, body, message="TracesData", token="t")
    database.insert_rows(gate, ("n",), [(1,)], token="open again")

    for _ in range(2):
        database.insert_protobuf(source, body, message="TracesData", token="t")

    assert count(database, rows) == 3
    assert total(database, counts) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"\xff" * 100,
        framed(spans_named("a", "b"))[:-3],
        framed(spans_named("a")) + framed(spans_named("b"))[:-1],
    ],
    ids=["garbage", "cut", "good then cut"],
)
def test_broken_protobuf_is_refused_for_good_and_leaves_nothing(
    database: Database, landing: tuple[str, str, str, str], body: bytes
) -> None:
    source, rows, _, _ = landing

    with pytest.raises(PermanentDatabaseError) as caught:
        database.insert_protobuf(source, body, message="TracesData", token="t")

    assert caught.value.code is not None
    assert count(database, rows) == 0


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELEC 1", 62),
        ("SELECT * FROM no_such_table", 60),
        ("SELECT no_such_column", 47),
        ("SELECT toUInt8('x')", 6),
        ("SELECT throwIf(1)", 395),
        ("SELECT {not_given:String}", 456),
    ],
)
def test_a_statement_that_can_never_run_is_refused_for_good(database: Database, sql: str, code: int) -> None:
    with pytest.raises(PermanentDatabaseError) as caught:
        database.query(sql)

    assert caught.value.code == code


def test_a_parameter_that_is_not_of_its_type_is_refused_for_good(database: Database) -> None:
    with pytest.raises(PermanentDatabaseError):
        database.query("SELECT {n:UInt8}", {"n": "many"})


def test_a_refused_command_is_permanent(database: Database) -> None:
    with pytest.raises(PermanentDatabaseError) as caught:
        database.command("CREATE TABLE broken (n NoSuchType) ENGINE = MergeTree ORDER BY n")

    assert caught.value.code == 50


def test_a_query_short_of_memory_may_be_tried_again(database: Database) -> None:
    sql = "SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000"

    with pytest.raises(RetryableDatabaseError, match="MEMORY_LIMIT_EXCEEDED"):
        database.query(sql)


@pytest.mark.parametrize("row", [("many",), (-1,), (None,), (2**64,)])
def test_a_value_that_does_not_fit_its_column_is_refused_for_good(
    database: Database, table: Callable[[str], str], row: tuple[object]
) -> None:
    target = table("CREATE TABLE {table} (n UInt64) ENGINE = MergeTree ORDER BY n")

    with pytest.raises(PermanentDatabaseError):
        database.insert_rows(target, ("n",), [(1,), row], token="t")

    assert count(database, target) == 0


def test_data_is_not_condemned_for_a_table_that_is_missing(database: Database) -> None:
    """A migration may still come; dead letters would be lost work."""
    with pytest.raises(RetryableDatabaseError, match="no_such_table"):
        database.insert_rows("no_such_table", ("n",), [(1,)], token="t")
    with pytest.raises(RetryableDatabaseError, match="no_such_table"):
        database.insert_protobuf("no_such_table", framed([]), message="TracesData", token="t")


def test_a_query_past_its_time_is_given_up(database: Database) -> None:
    started = time.monotonic()

    with pytest.raises(RetryableDatabaseError, match="TIMEOUT_EXCEEDED"):
        database.query(ENDLESS, timeout_s=0.2)

    assert time.monotonic() - started < 10
    assert database.query("SELECT 1").rows == [(1,)]


def test_sixteen_threads_share_a_database(database: Database, table: Callable[[str], str]) -> None:
    target = table(
        f"CREATE TABLE {{table}} (thread UInt8, n UInt64) ENGINE = MergeTree ORDER BY n {DEDUPLICATED}"
    )
    together = threading.Barrier(16, timeout=30)

    def work(thread: int) -> list[int]:
        together.wait()
        seen = []
        for number in range(4):
            database.insert_rows(target, ("thread", "n"), [(thread, number)], token=f"{thread}/{number}")
            sql = f"SELECT count() FROM {target} WHERE thread = {{thread:UInt8}}"
            seen.append(database.query(sql, {"thread": thread}).rows[0][0])
        return seen

    with ThreadPoolExecutor(16) as threads:
        seen = list(threads.map(work, range(16)))

    assert seen == [[1, 2, 3, 4]] * 16
    assert count(database, target) == 64


def test_the_shipped_migrations_decode_otlp(database: Database) -> None:
    """The statements and the schema that are shipped, not those of a test."""
    migrate(database)
    attributes = [
        KeyValue(key="spanfold.model.id", value=AnyValue(string_value="m-1")),
        KeyValue(key="retries", value=AnyValue(int_value=-(2**63))),
        KeyValue(key="cached", value=AnyValue(bool_value=True)),
    ]
    started = time.time_ns()
    span = Span(
        name="answer",
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        start_time_unix_nano=started,
        end_time_unix_nano=started + 10**9,
        attributes=attributes,
    )

    for _ in range(2):
        database.insert_protobuf("otlp_traces", framed([span]), message="TracesData", token="t")

    sql = (
        "SELECT TraceId, SpanId, ParentSpanId, ModelId, Duration, toUnixTimestamp64Nano(Timestamp),"
        " SpanAttributes['retries'], SpanAttributes['cached'] FROM spans"
    )
    expected = (bytes(range(16)), bytes(range(8)), bytes(8), "m-1", 10**9, started)
    assert database.query(sql).rows == [(*expected, str(-(2**63)), "true")]
