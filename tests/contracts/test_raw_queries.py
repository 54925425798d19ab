"""Rows as the engine writes them, from the embedded engine and over ClickHouse's HTTP protocol."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pytest

from spanfold_schemas.database import PermanentDatabaseError, RetryableDatabaseError

if TYPE_CHECKING:
    from spanfold_schemas.database import Database, RawFormat

ONE_OF_EACH: Final = (
    "SELECT {text:String} AS text, 'low'::LowCardinality(String) AS low,"
    " CAST(NULL, 'Nullable(UInt64)') AS none,"
    " 18446744073709551615 AS big, map('k', 'v') AS tags, ['a']::Array(LowCardinality(String)) AS list,"
    " toDateTime64('2026-03-29 01:30:59.123456789', 9, 'UTC') AS at,"
    " [CAST((0.5, NULL), 'Tuple(value Nullable(Float64), label Nullable(String))')] AS scores"
)
NASTY: Final = 'it\'s "quoted"\n\\ \u00e9 \U0001f600'


def table_of(piece: bytes) -> pa.Table:
    return pa.ipc.open_stream(piece).read_all()


def test_arrow_is_one_whole_stream_of_plain_types(database: Database) -> None:
    found = table_of(database.query_raw(ONE_OF_EACH, {"text": NASTY}, raw_format="ArrowStream"))
    assert [str(kind) for kind in found.schema.types] == [
        "string",
        "string",
        "uint64",
        "uint64",
        "map<string, string>",
        "list<item: string not null>",
        "timestamp[ns, tz=UTC]",
        "list<item: struct<value: double, label: string> not null>",
    ]
    assert found.column("text").to_pylist() == [NASTY]
    assert found.column("scores").to_pylist() == [[{"value": 0.5, "label": None}]]


def test_json_has_an_object_a_line_with_numbers_and_times_as_such(database: Database) -> None:
    sql = f"{ONE_OF_EACH} FROM numbers(2)"
    lines = database.query_raw(sql, {"text": NASTY}, raw_format="JSONEachRow").splitlines()
    assert [json.loads(line) for line in lines] == 2 * [
        {
            "text": NASTY,
            "low": "low",
            "none": None,
            "big": 2**64 - 1,
            "tags": {"k": "v"},
            "list": ["a"],
            "at": "2026-03-29T01:30:59.123456789Z",
            "scores": [{"value": 0.5, "label": None}],
        }
    ]


def test_arrow_of_no_rows_is_a_stream_with_its_columns_and_json_is_nothing(database: Database) -> None:
    sql = "SELECT 1 AS a, 'x' AS b WHERE 0"
    found = table_of(database.query_raw(sql, raw_format="ArrowStream"))
    assert (found.column_names, found.num_rows) == (["a", "b"], 0)
    assert database.query_raw(sql, raw_format="JSONEachRow") == b""


def test_a_piece_of_many_blocks_is_whole(database: Database) -> None:
    sql = "SELECT number, toString(number) AS text FROM numbers(300000)"
    found = table_of(database.query_raw(sql, raw_format="ArrowStream"))
    assert found.column("number").to_pylist() == list(range(300_000))


def test_two_pieces_of_one_statement_begin_with_the_same_schema(database: Database) -> None:
    sql = "SELECT number, toString(number)::LowCardinality(String) AS text FROM numbers({n:UInt32})"
    pieces = [database.query_raw(sql, {"n": n}, raw_format="ArrowStream") for n in (0, 1, 100_000)]
    assert len({pa.ipc.open_stream(piece).schema.serialize().to_pybytes() for piece in pieces}) == 1


@pytest.mark.parametrize("raw_format", ["ArrowStream", "JSONEachRow"])
def test_errors_are_errors_and_no_part_of_the_rows(database: Database, raw_format: RawFormat) -> None:
    with pytest.raises(PermanentDatabaseError) as caught:
        database.query_raw("SELECT * FROM no_such_table", raw_format=raw_format)
    assert caught.value.code == 60
    late = "SELECT throwIf(number = 299999) FROM numbers(300000) SETTINGS max_threads = 1"
    with pytest.raises(PermanentDatabaseError):
        database.query_raw(late, raw_format=raw_format)


def test_a_statement_past_its_time_is_given_up(database: Database) -> None:
    started = time.monotonic()
    endless = "SELECT count() FROM system.numbers WHERE number % 7 = 9"
    with pytest.raises(RetryableDatabaseError, match="TIMEOUT_EXCEEDED"):
        database.query_raw(endless, raw_format="ArrowStream", timeout_s=0.2)
    assert time.monotonic() - started < 10


def test_settings_of_a_raw_query_do_not_outlive_it(database: Database) -> None:
    database.query_raw("SELECT 1", raw_format="JSONEachRow")
    assert database.query("SELECT toString(toDateTime('2026-01-02 03:04:05'))").rows == [
        ("2026-01-02 03:04:05",)
    ]
    formatted = database.query("SELECT getSetting('date_time_output_format')").rows
    assert formatted == [("simple",)]
