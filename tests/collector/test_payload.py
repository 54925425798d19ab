"""Bodies as they come over HTTP: compressed, in JSON, damaged, or meant to hurt."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanfold_collector.errors import InvalidRequestError, TooLargeError
from spanfold_collector.payload import decompress, from_json
from tests.collector import _strategies as strategies

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

LIMIT: Final = 100_000
COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
    "": bytes,
}

# The examples of the OTLP specification (opentelemetry-proto, examples/trace.json and logs.json), shortened.
TRACE_JSON: Final = """
{"resourceSpans": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}]},
  "scopeSpans": [{
    "scope": {"name": "my.library", "version": "1.0.0",
      "attributes": [{"key": "my.scope.attribute", "value": {"stringValue": "some scope attribute"}}]},
    "spans": [{
      "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174",
      "parentSpanId": "EEE19B7EC3C1B173", "name": "I'm a server span",
      "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000", "kind": 2,
      "attributes": [{"key": "my.span.attr", "value": {"stringValue": "some value"}}]}]}]}]}
"""
LOGS_JSON: Final = """
{"resourceLogs": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}]},
  "scopeLogs": [{
    "scope": {"name": "my.library", "version": "1.0.0"},
    "logRecords": [{
      "timeUnixNano": "1544712660300000000", "observedTimeUnixNano": "1544712660300000000",
      "severityNumber": 10, "severityText": "Information",
      "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174",
      "body": {"stringValue": "Example log record"},
      "attributes": [
        {"key": "string.attribute", "value": {"stringValue": "some string"}},
        {"key": "boolean.attribute", "value": {"boolValue": true}},
        {"key": "int.attribute", "value": {"intValue": "10"}},
        {"key": "double.attribute", "value": {"doubleValue": 637.704}},
        {"key": "array.attribute", "value": {"arrayValue": {"values": [
          {"stringValue": "many"}, {"stringValue": "values"}]}}},
        {"key": "map.attribute", "value": {"kvlistValue": {"values": [
          {"key": "some.map.key", "value": {"stringValue": "some value"}}]}}}]}]}]}]}
"""


@pytest.mark.parametrize("encoding", COMPRESS)
@given(body=st.binary(max_size=500))
def test_a_compressed_body_comes_out_as_it_went_in(encoding: str, body: bytes) -> None:
    assert decompress(COMPRESS[encoding](body), encoding, LIMIT) == body


def test_all_members_of_a_gzip_body_count() -> None:
    assert decompress(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", LIMIT) == b"ab"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_inflates_past_the_limit_is_refused_without_being_inflated(encoding: str) -> None:
    bomb = COMPRESS[encoding](bytes(50_000_000))

    with pytest.raises(TooLargeError, match="over 100000 bytes once decompressed"):
        decompress(bomb, encoding, LIMIT)


def test_members_that_inflate_past_the_limit_together_are_refused() -> None:
    with pytest.raises(TooLargeError):
        decompress(gzip.compress(bytes(60_000)) * 2, "gzip", LIMIT)


def test_endless_empty_members_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="followed by other data"):
        decompress(gzip.compress(b"") * 10_000, "gzip", LIMIT)


def test_exactly_the_limit_is_taken() -> None:
    assert len(decompress(gzip.compress(bytes(LIMIT)), "gzip", LIMIT)) == LIMIT


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@given(body=st.binary(max_size=200), data=st.data())
def test_a_compressed_body_that_was_cut_is_refused(encoding: str, body: bytes, data: st.DataObject) -> None:
    whole = COMPRESS[encoding](body)
    cut = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(InvalidRequestError):
        decompress(whole[:cut], encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@given(rubbish=st.binary(min_size=1, max_size=50))
def test_rubbish_behind_a_compressed_body_is_refused(encoding: str, rubbish: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        decompress(COMPRESS[encoding](b"body") + rubbish, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x-gzip"])
def test_an_encoding_that_is_not_known_is_refused_by_name(encoding: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"Content-Encoding '{encoding}' is not supported"):
        decompress(b"", encoding, LIMIT)


def test_the_specifications_trace_example_is_read() -> None:
    request = ExportTraceServiceRequest.FromString(from_json(TRACE_JSON.encode(), ExportTraceServiceRequest))

    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert span.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert (span.span_id.hex(), span.parent_span_id.hex()) == ("eee19b7ec3c1b174", "eee19b7ec3c1b173")
    assert (span.start_time_unix_nano, span.kind) == (1544712660000000000, 2)


def test_the_specifications_log_example_is_read_with_every_kind_of_value() -> None:
    request = ExportLogsServiceRequest.FromString(from_json(LOGS_JSON.encode(), ExportLogsServiceRequest))

    (record,) = request.resource_logs[0].scope_logs[0].log_records
    values = {item.key: item.value for item in record.attributes}
    assert record.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert values["int.attribute"].int_value == 10
    assert values["double.attribute"].double_value == 637.704
    assert [item.string_value for item in values["array.attribute"].array_value.values] == ["many", "values"]
    assert values["map.attribute"].kvlist_value.values[0].key == "some.map.key"


def test_numbers_may_be_numbers_or_text_and_unknown_fields_are_skipped() -> None:
    body = (
        b'{"resourceSpans":[{"new":1,"scopeSpans":[{"spans":[{"startTimeUnixNano":5,"flags":"7","x":{}}]}]}]}'
    )

    request = ExportTraceServiceRequest.FromString(from_json(body, ExportTraceServiceRequest))

    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert (span.start_time_unix_nano, span.flags) == (5, 7)


@settings(max_examples=30)
@given(message=strategies.traces())
def test_any_request_reads_the_same_from_json_as_from_protobuf(message: Message) -> None:
    document = json.loads(json_format.MessageToJson(message))
    hex_ids(document)

    body = from_json(json.dumps(document).encode(), ExportTraceServiceRequest)

    # As text: JSON has one NaN, without a sign.
    assert str(ExportTraceServiceRequest.FromString(body)) == str(message)


def hex_ids(node: Any) -> None:
    """OTLP/JSON differs from protobuf's JSON in this: IDs are hexadecimal."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"traceId", "spanId", "parentSpanId"}:
                node[key] = base64.b64decode(value).hex()
            hex_ids(value)
    elif isinstance(node, list):
        for item in node:
            hex_ids(item)


BAD_JSON: Final = {
    "no JSON": b"{",
    "empty": b"",
    "a list": b"[]",
    "text": b'"x"',
    "wrong type": b'{"resourceSpans":7}',
    "null element": b'{"resourceSpans":[null]}',
    "odd hex": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abc"}]}]}]}',
    "not hex": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}',
    "not ASCII": '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"öö"}]}]}]}'.encode(),
    "numeric id": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":12}]}]}]}',
    "huge number": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":1e300}]}]}]}',
    "negative time": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":-1}]}]}]}',
    "lone surrogate": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\\ud800"}]}]}]}',
    "not UTF-8": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\xff"}]}]}]}',
    "deep list": b"[" * 100_000,
    "deep value": b'{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":'
    + b'{"arrayValue":{"values":[' * 300 + b"]}}" * 300 + b"}]}}]}",
}  # fmt: skip


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_a_body_that_is_not_otlp_json_is_refused_with_the_reason(body: bytes) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        from_json(body, ExportTraceServiceRequest)

    assert len(str(caught.value)) <= 1000


json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceSpans", "scopeSpans", "spans", "traceId", "attributes", "value", "kind"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=200)
@given(document=json_documents)
def test_arbitrary_json_is_read_or_refused_but_nothing_else_happens(document: Any) -> None:
    try:
        body = from_json(json.dumps(document).encode(), ExportTraceServiceRequest)
    except InvalidRequestError:
        return
    ExportTraceServiceRequest.FromString(body)
