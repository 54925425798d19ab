"""Admission: what is wrong is named and left out, what is right stays as it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from spanfold_collector.admission import TimeWindow, admit_logs, admit_traces
from spanfold_collector.errors import InvalidRequestError
from tests.collector import _strategies as strategies
from tests.collector._otlp import (
    NOW_UNIX_NS,
    WINDOW,
    make_event,
    make_logs,
    make_record,
    make_span,
    make_traces,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

DAY_NS: Final = 86_400 * 10**9

SPAN_FAULTS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "no trace id": ({"trace_id": b""}, "trace_id must be 16 bytes"),
    "short trace id": ({"trace_id": b"\x01" * 15}, "trace_id must be 16 bytes"),
    "zero trace id": ({"trace_id": bytes(16)}, "trace_id must be 16 bytes, not all zero"),
    "long span id": ({"span_id": b"\x01" * 9}, "span_id must be 8 bytes"),
    "zero span id": ({"span_id": bytes(8)}, "span_id must be 8 bytes, not all zero"),
    "odd parent": ({"parent_span_id": b"\x01"}, "parent_span_id must be 8 bytes or empty"),
    "unknown kind": ({"kind": 6}, "kind and status.code"),
    "negative kind": ({"kind": -1}, "kind and status.code"),
    "unknown status": ({"status": {"code": 3}}, "kind and status.code"),
    "no start": ({"start_time_unix_nano": 0}, "start_time_unix_nano is not set"),
    "old": ({"start_time_unix_nano": NOW_UNIX_NS - 91 * DAY_NS}, "start_time_unix_nano is before 2"),
    "future": ({"start_time_unix_nano": NOW_UNIX_NS + 2 * DAY_NS}, "more than a day in the future"),
    "far future": ({"start_time_unix_nano": 2**64 - 1}, "more than a day in the future"),
    "event in the future": ({"events": [Span.Event(time_unix_nano=2**64 - 1)]}, "an event's time_unix_nano"),
    "link without ids": ({"links": [Span.Link()]}, "a link's trace_id must be 16 bytes"),
    "link with a short id": ({"links": [Span.Link(trace_id=b"1" * 16, span_id=b"1")]}, "span_id 8"),
}

RECORD_FAULTS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "short trace id": ({"trace_id": b"\x01"}, "trace_id must be 16 bytes and span_id 8, or both empty"),
    "long span id": ({"span_id": b"\x01" * 9}, "trace_id must be 16 bytes and span_id 8, or both empty"),
    "negative severity": ({"severity_number": -1}, "severity_number"),
    "large severity": ({"severity_number": 25}, "severity_number"),
    "no time": ({"time_unix_nano": 0}, "time_unix_nano is not set"),
    "old": ({"time_unix_nano": NOW_UNIX_NS - 91 * DAY_NS}, "too old to be kept (SPANFOLD_RETENTION_DAYS)"),
    "future": ({"time_unix_nano": 2**63}, "in the future"),
}

TAGS: Final = "spanfold.model.tags_set"
METRICS: Final = "spanfold.model.metrics_logged"
EVENT_FAULTS: Final[dict[str, tuple[str, str, dict[str, Any], str]]] = {
    "not JSON": (TAGS, "{", {}, "must be JSON"),
    "not an object": (TAGS, "[]", {}, "must be a JSON object"),
    "no such event": ("spanfold.model.renamed", "{}", {}, "is not one of"),
    "wrong type": (TAGS, '{"tags":{"k":1}}', {}, 'must be a string, not int: write "1"'),
    "missing field": (TAGS, "{}", {}, "tags"),
    "repeated key": (TAGS, '{"tags":{"k":"1","k":"2"}}', {}, "a key occurs twice"),
    "NaN": (METRICS, '{"metrics":{"k":NaN}}', {}, "must be JSON"),
    "infinite number": (METRICS, '{"metrics":{"k":1e400}}', {}, "must be JSON"),
    "integer of 65 bits": (METRICS, '{"metrics":{"k":18446744073709551616}}', {}, "more than 64 bits"),
    "integer of 5000 digits": (METRICS, f'{{"metrics":{{"k":{"9" * 5000}}}}}', {}, "must be JSON"),
    "lone surrogate": (TAGS, '{"tags":{"k":"\\ud800"}}', {}, "must be JSON"),
    "deep nesting": (TAGS, '{"tags":{},"x":' + "[" * 5000 + "]" * 5000 + "}", {}, "must be JSON"),
    "no stream": (TAGS, '{"tags":{}}', {"spanfold.event.stream": ""}, "spanfold.event.stream"),
    "no id": (TAGS, '{"tags":{}}', {"spanfold.event.id": ""}, "spanfold.event.id must be a UUID"),
    "id that is no text": (TAGS, '{"tags":{}}', {"spanfold.event.id": 7}, "must be a UUID"),
    "id in braces": (TAGS, '{"tags":{}}', {"spanfold.event.id": "{" + "0" * 32 + "}"}, "must be a UUID"),
    "id as URN": (TAGS, '{"tags":{}}', {"spanfold.event.id": "urn:uuid:" + "0" * 32}, "must be a UUID"),
}


@pytest.mark.parametrize(("fields", "message"), SPAN_FAULTS.values(), ids=SPAN_FAULTS.keys())
def test_a_faulty_span_is_left_out_by_name_and_the_others_are_kept(
    fields: dict[str, Any], message: str
) -> None:
    good = [make_span(1), make_span(2)]

    admitted = admit_traces(make_traces(good[0], make_span(3, **fields), good[1]), WINDOW)

    assert (admitted.records, admitted.rejected) == (2, 1)
    assert message in admitted.message
    assert admitted.body == make_traces(*good)


@pytest.mark.parametrize(("fields", "message"), RECORD_FAULTS.values(), ids=RECORD_FAULTS.keys())
def test_a_faulty_log_record_is_left_out_by_name_and_the_others_are_kept(
    fields: dict[str, Any], message: str
) -> None:
    good = make_record(body="good")

    admitted = admit_logs(make_logs(make_record(**fields), good), WINDOW)

    assert (admitted.records, admitted.rejected) == (1, 1)
    assert message in admitted.message
    assert admitted.body == make_logs(good)


@pytest.mark.parametrize(
    ("name", "payload", "attributes", "message"), EVENT_FAULTS.values(), ids=EVENT_FAULTS.keys()
)
def test_an_event_that_the_fold_would_not_understand_is_left_out(
    name: str, payload: str, attributes: dict[str, Any], message: str
) -> None:
    good = make_event(TAGS, '{"tags":{"k":"v"}}')

    admitted = admit_logs(make_logs(make_event(name, payload, attributes=attributes), good), WINDOW)

    assert (admitted.records, admitted.rejected) == (1, 1)
    assert message in admitted.message
    assert admitted.body == make_logs(good)


def test_what_counts_of_an_events_repeated_attribute_is_what_the_engine_reads() -> None:
    event = make_event(TAGS, '{"tags":{}}', attributes={"spanfold.event.id": "none"})
    event.attributes.extend(make_event(TAGS, "{}").attributes)

    assert admit_logs(make_logs(event), WINDOW).rejected == 1


def test_events_and_scores_never_expire_so_they_may_be_of_any_age() -> None:
    records = [
        make_event(TAGS, '{"tags":{}}', time_unix_nano=1),
        make_record(event_name="gen_ai.evaluation.result", time_unix_nano=1),
    ]

    assert admit_logs(make_logs(*records), WINDOW).records == 2


def test_the_message_counts_the_faulty_and_quotes_the_first_within_limits() -> None:
    event = make_event(TAGS, '{"tags":{"' + "k" * 100_000 + '":"v"}}')

    admitted = admit_logs(make_logs(event, make_record(severity_number=99)), WINDOW)

    assert admitted.message.startswith(
        "2 log records rejected; the first: spanfold.model.tags_set: tags['kkk"
    )
    assert len(admitted.message) <= 1000


def test_bytes_without_faults_and_nested_values_come_back_untouched() -> None:
    # Fields in an unusual order, and one of a later OTLP version, which re-serialising would move or drop.
    body = make_traces(make_span(1, {"k": ["a"], "n": 1})) + b"\xf8\x3f\x01" + make_traces(make_span(2))

    admitted = admit_traces(body, WINDOW)

    assert admitted.body is body
    assert (admitted.records, admitted.rejected, admitted.message) == (2, 0, "")


@pytest.mark.parametrize(
    "body",
    [b"garbage", make_traces(make_span())[:-1], b"\x0a\xff\xff\xff\xff\x0f"],
    ids=["text", "cut_off", "length_past_the_end"],
)
def test_bytes_that_are_no_request_are_refused_with_the_reason(body: bytes) -> None:
    for admit in (admit_traces, admit_logs):
        with pytest.raises(InvalidRequestError, match="not valid OTLP protobuf"):
            admit(body, WINDOW)


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80"])
def test_text_that_is_not_utf_8_is_refused(text: bytes) -> None:
    body = make_traces(make_span(1, {"key": "~" * len(text)}))
    assert admit_traces(body, WINDOW).records == 1

    with pytest.raises(InvalidRequestError):
        admit_traces(body.replace(b"~" * len(text), text), WINDOW)


def test_an_empty_request_is_fine_and_holds_nothing() -> None:
    assert admit_traces(b"", WINDOW).records == 0
    assert admit_logs(b"", WINDOW).records == 0


@settings(max_examples=25)
@given(message=strategies.traces(), faults=st.data())
def test_any_faulty_spans_among_any_others_leave_exactly_the_others(
    message: Message, faults: st.DataObject
) -> None:
    data = TracesData.FromString(message.SerializeToString())
    kept = TracesData.FromString(message.SerializeToString())
    rejected = 0
    for resource, kept_resource in zip(data.resource_spans, kept.resource_spans, strict=True):
        for scope, kept_scope in zip(resource.scope_spans, kept_resource.scope_spans, strict=True):
            position = faults.draw(st.integers(0, len(scope.spans)))
            scope.spans.insert(position, make_span(9, trace_id=b"short"))
            rejected += 1
            assert len(kept_scope.spans) == len(scope.spans) - 1

    admitted = admit_traces(data.SerializeToString(), WINDOW)

    assert admitted.rejected == rejected
    assert admitted.body == admit_traces(kept.SerializeToString(), WINDOW).body


@settings(max_examples=200)
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_are_admitted_or_refused_but_nothing_else_happens(body: bytes) -> None:
    for admit, kind in ((admit_traces, TracesData), (admit_logs, LogsData)):
        try:
            admitted = admit(body, WINDOW)
        except InvalidRequestError:
            continue
        kind.FromString(admitted.body)


def test_the_window_says_what_is_wrong_with_a_time() -> None:
    window = TimeWindow.around(1_000_000.0, retention_days=1, max_ahead_s=60)

    assert window.fault("t", 1_000_000 * 10**9) == ""
    too_old = "t is before 1970-01-11, too old to be kept (SPANFOLD_RETENTION_DAYS)"
    assert window.fault("t", 913_599 * 10**9) == too_old
    assert window.fault("t", 913_599 * 10**9, expires=False) == ""
    assert "future" in window.fault("t", 1_000_061 * 10**9)
    assert "future" in window.fault("t", 1_000_061 * 10**9, expires=False)
