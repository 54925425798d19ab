"""Frames: what goes in comes out, and protobuf reads them as messages of the landing table."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanfold_collector.frames import digest, frame, split_frames, token, varint
from tests.collector._otlp import numbered_traces

frames = st.lists(
    st.builds(
        frame,
        st.binary(max_size=300),
        received_time_unix_ms=st.integers(0, 2**63),
        tenant=st.text(max_size=5),
        service_version_as_model=st.booleans(),
    ),
    max_size=5,
)


def unknown_fields(message: TracesData) -> dict[int, Any]:
    fields: Any = UnknownFieldSet(message)
    return {field.field_number: field.data for field in fields}


@given(frames)
def test_joined_frames_come_apart_as_they_were(framed: list[bytes]) -> None:
    parts = list(split_frames(b"".join(framed)))

    assert [whole for whole, _ in parts] == framed
    assert all(whole == varint(len(message)) + message for whole, message in parts)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_frames_that_were_cut_are_not_taken_for_whole_ones(body: bytes, data: st.DataObject) -> None:
    whole = frame(body, received_time_unix_ms=1)
    cut = data.draw(st.integers(1, len(whole) - 1))

    with pytest.raises(ValueError, match="the data ends inside"):
        list(split_frames(whole[:cut]))


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_read_by_protobuf_as_the_same_number(number: int) -> None:
    message = TracesData.FromString(b"\xc8\x3e" + varint(number))

    assert unknown_fields(message) == {1001: number}


def test_the_collectors_fields_follow_the_untouched_bytes_of_the_request() -> None:
    body = numbered_traces(0, 3)
    ((_, message),) = split_frames(
        frame(body, received_time_unix_ms=5, tenant="ü", service_version_as_model=True)
    )

    fields = unknown_fields(TracesData.FromString(message))

    assert message.startswith(body)
    assert fields == {1001: 5, 1002: "ü".encode(), 1003: 1}


@given(frames, frames)
def test_a_token_stands_for_the_frames_alone(one: list[bytes], other: list[bytes]) -> None:
    assert token(one) == token(iter(list(one)))
    assert (token(one) == token(other)) == (b"".join(one) == b"".join(other))


def test_equal_bodies_have_equal_digests() -> None:
    assert digest(b"a") == digest(b"a") != digest(b"b")
    assert len(digest(b"")) == 16
