"""The guard: no nested value gets past it, wherever it stands, and no flat one is held up."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from spanfold_collector.guard import EMPTY_ARRAYS, GuardedLogs, GuardedTraces, is_flat
from spanfold_collector.normalise import flatten_logs, flatten_traces, to_json
from tests.collector import _strategies as strategies
from tests.collector._otlp import any_value, key_values, make_logs, make_record, make_span, make_traces

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

NESTED: Final[dict[str, Any]] = {
    "key-value list": {"k": "v"},
    "empty key-value list": {},
    "numbers": [1],
    "bools": [False],
    "doubles": [0.0],
    "bytes": [b""],
    "mixed": ["a", 1],
    "unset element": [None],
    "array of arrays": [["a"]],
    "array of empty arrays": [[]],
    "empty array": [],
}
FLAT: Final[dict[str, Any]] = {
    "text": "a", "empty": "", "bool": False, "int": 0, "double": 0.0, "bytes": b"", "unset": None,
    "strings": ["a", ""],
}  # fmt: skip


def request_with(place: str, value: Any) -> tuple[Message, bytes]:
    """A request with ``value`` in one place, as the guard parses it."""
    attributes = {"key": value}
    if place in {"record", "body", "log resource"}:
        in_record = attributes if place == "record" else None
        record = make_record(in_record, value if place == "body" else "text")
        body = make_logs(record, resource=attributes if place == "log resource" else None)
        return GuardedLogs.FromString(body), body
    span = make_span(1, attributes if place == "span" else None)
    if place == "event":
        span.events.append(Span.Event(name="e", attributes=key_values(attributes)))
    if place == "link":
        span.links.append(Span.Link(attributes=key_values(attributes)))
    resource, scope = (attributes if place == name else None for name in ("resource", "scope"))
    body = make_traces(span, resource=resource, scope=scope)
    return GuardedTraces.FromString(body), body


PLACES: Final = ("span", "resource", "scope", "event", "link", "record", "body", "log resource")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", NESTED.values(), ids=NESTED.keys())
def test_a_nested_value_is_found_wherever_it_stands(place: str, value: Any) -> None:
    assert not is_flat(*request_with(place, value))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", FLAT.values(), ids=FLAT.keys())
def test_a_flat_value_is_let_through_wherever_it_stands(place: str, value: Any) -> None:
    assert is_flat(*request_with(place, value))


def has_nested(value: AnyValue) -> bool:
    kind = value.WhichOneof("value")
    items = value.array_value.values
    return kind == "kvlist_value" or (
        kind == "array_value"
        and (not items or any(item.WhichOneof("value") != "string_value" for item in items))
    )


@settings(max_examples=100)
@given(value=strategies.values)
def test_the_guard_agrees_with_a_look_at_the_value(value: Any) -> None:
    message, body = request_with("span", value)
    # Bytes that merely look like an empty array cost a look in Python, and nothing else.
    looks_empty = any(marker in body for marker in EMPTY_ARRAYS)
    if has_nested(any_value(value)) or not looks_empty:
        assert is_flat(message, body) != has_nested(any_value(value))


@settings(max_examples=25)
@given(message=strategies.traces())
def test_flattened_traces_are_flat_and_flattening_them_again_changes_nothing(message: Message) -> None:
    data = TracesData.FromString(message.SerializeToString())
    flatten_traces(data)
    once = data.SerializeToString()

    flatten_traces(data)

    assert data.SerializeToString() == once
    assert GuardedTraces.FromString(once).IsInitialized()


@settings(max_examples=25)
@given(message=strategies.logs())
def test_flattened_logs_are_flat_and_flattening_them_again_changes_nothing(message: Message) -> None:
    data = LogsData.FromString(message.SerializeToString())
    flatten_logs(data)
    once = data.SerializeToString()

    flatten_logs(data)

    assert data.SerializeToString() == once
    assert GuardedLogs.FromString(once).IsInitialized()


@settings(max_examples=100)
@given(value=strategies.nested_values)
def test_a_nested_value_is_strict_json_that_holds_it_all(value: Any) -> None:
    def plain(item: Any) -> Any:
        match item:
            case bytes():
                return any_value(item).bytes_value.hex()
            case list():
                return [plain(inner) for inner in item]
            case dict():
                return {key: plain(inner) for key, inner in item.items()}
            case _:
                return item

    loaded = json.loads(to_json(any_value(value)), parse_constant=pytest.fail)

    assert repr(hexed(loaded, value)) == repr(plain(value))


def hexed(loaded: Any, original: Any) -> Any:
    """Undo what JSON has no form for (bytes, NaN), going by the original's types."""
    match original:
        case bytes():
            return base64.b64decode(loaded).hex()
        case float() if isinstance(loaded, str):
            return float(loaded)
        case list():
            return [hexed(item, of) for item, of in zip(loaded, original, strict=True)]
        case dict():
            return {key: hexed(item, original[key]) for key, item in loaded.items()}
        case _:
            return loaded
