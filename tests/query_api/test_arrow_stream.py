from __future__ import annotations

import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api import arrow_stream

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string())])


def written(batches: list[list[int]], schema: pa.Schema = SCHEMA) -> bytes:
    """A whole stream with one record batch a list."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for numbers in batches:
            columns = [numbers, [str(number) for number in numbers]]
            writer.write_batch(pa.record_batch(columns, schema=schema))
    return sink.getvalue()


@given(st.lists(st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=3), min_size=1, max_size=5))
def test_any_streams_of_one_schema_join_to_one_with_the_rows_of_all(streams: list[list[list[int]]]) -> None:
    joined = b"".join(arrow_stream.join(map(written, streams)))
    found = pa.ipc.open_stream(joined).read_all()
    assert found.schema == SCHEMA
    assert found.column("n").to_pylist() == [n for stream in streams for batch in stream for n in batch]


def test_nothing_joins_to_nothing() -> None:
    assert list(arrow_stream.join([])) == []


@pytest.mark.parametrize("broken", [b"", b"<html>", written([[1]])[:-3], b"\xff\xff\xff\xff"])
def test_what_is_no_whole_stream_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="no whole"):
        list(arrow_stream.join([written([[1]]), broken]))


def test_another_schema_is_refused_rather_than_read_as_the_first() -> None:
    other = pa.schema([("n", pa.int64()), ("name", pa.string())])
    with pytest.raises(ValueError, match="schema changed"):
        list(arrow_stream.join([written([[1]]), written([[1]], other)]))
