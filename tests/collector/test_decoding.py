"""The engine's views and Python's decoder: two roads, the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from spanfold_collector.decoding import number_text
from spanfold_collector.signals import LOGS, TRACES
from tests.collector import _strategies as strategies
from tests.collector._otlp import (
    NOW_UNIX_NS,
    WINDOW,
    key_values,
    make_event,
    make_logs,
    make_record,
    make_span,
    make_traces,
)
from tests.collector._roads import assert_same_rows, insert_both_ways

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from spanfold_schemas.database import Database


@settings(max_examples=12)
@given(message=strategies.traces())
def test_any_admitted_spans_make_the_same_rows_by_either_road(database: Database, message: Message) -> None:
    admitted = TRACES.admit(message.SerializeToString(), WINDOW)

    number = insert_both_ways(database, TRACES, admitted.body)

    assert len(assert_same_rows(database, number, "spans")) == admitted.records
    assert admitted.rejected == 0


@settings(max_examples=12)
@given(message=strategies.logs())
def test_any_admitted_log_records_make_the_same_rows_by_either_road(
    database: Database, message: Message
) -> None:
    admitted = LOGS.admit(message.SerializeToString(), WINDOW)

    number = insert_both_ways(database, LOGS, admitted.body)

    assert len(assert_same_rows(database, number, "logs", "evaluation_events")) == admitted.records


def test_every_kind_of_value_is_stored_as_text_wherever_it_stands(database: Database) -> None:
    values: dict[str, Any] = {
        "text": 'ü/"', "yes": True, "least": -(2**63), "half": 0.5, "tiny": 1e-7, "nan": float("nan"),
        "raw": b"\xff\x00", "list": ["a", "b/c"], "mixed": [1, None, {"k": [b"\x01"]}],
        "map": {"a": {"b": 1.5}}, "none": None, "empty": [],
    }  # fmt: skip
    expected = {
        "text": 'ü/"', "yes": "true", "least": "-9223372036854775808", "half": "0.5", "tiny": "1e-7",
        "nan": "nan", "raw": "/wA=", "list": '["a","b\\/c"]', "mixed": '[1,null,{"k":["AQ=="]}]',
        "map": '{"a":{"b":1.5}}', "none": "", "empty": "[]",
    }  # fmt: skip
    span = make_span(1, values)
    span.events.append(Span.Event(time_unix_nano=1, name="e", attributes=key_values(values)))
    span.links.append(Span.Link(trace_id=bytes(16), span_id=bytes(8), attributes=key_values(values)))
    admitted = TRACES.admit(make_traces(span, resource=values, scope=values), WINDOW)

    number = insert_both_ways(database, TRACES, admitted.body)

    (row,) = assert_same_rows(database, number, "spans")
    assert row["SpanAttributes"] == row["ResourceAttributes"] == row["ScopeAttributes"] == expected
    assert row["Events.Attributes"] == row["Links.Attributes"] == [expected]


def test_a_log_records_body_may_be_any_value(database: Database) -> None:
    bodies = ["text", "", None, 7, False, 1e21, b"\x00", ["a"], [], {"k": [1]}]
    records = [make_record(body=body, severity_text=str(n)) for n, body in enumerate(bodies)]
    admitted = LOGS.admit(make_logs(*records), WINDOW)

    number = insert_both_ways(database, LOGS, admitted.body)

    stored = {row["SeverityText"]: row["Body"] for row in assert_same_rows(database, number, "logs")}
    expected = ["text", "", "", "7", "false", "1e21", "AA==", '["a"]', "[]", '{"k":[1]}']
    assert [stored[str(n)] for n in range(len(bodies))] == expected


def test_many_requests_in_one_insert_keep_their_own_receive_time_and_resource(database: Database) -> None:
    bodies = [make_traces(make_span(n), resource={"service.name": f"s{n}"}) for n in range(5)]

    number = insert_both_ways(database, TRACES, *bodies)

    rows = assert_same_rows(database, number, "spans")
    assert {(row["SpanName"], row["ServiceName"]) for row in rows} == {
        (f"span {n}", f"s{n}") for n in range(5)
    }


def test_spans_of_many_days_in_one_insert_are_all_stored(database: Database) -> None:
    day_ns = 86_400 * 10**9
    old = [make_span(n, start_time_unix_nano=NOW_UNIX_NS - n * day_ns) for n in range(12)]

    number = insert_both_ways(database, TRACES, make_traces(*old))

    assert len(assert_same_rows(database, number, "spans")) == 12


@pytest.mark.parametrize("service_version", [True, False])
def test_the_model_id_is_the_first_of_span_resource_and_if_enabled_the_service_version(
    database: Database, *, service_version: bool
) -> None:
    service = {"service.name": "s", "service.version": "1"}
    cases: list[tuple[dict[str, str], dict[str, str], str]] = [
        ({"spanfold.model.id": "a", "mlflow.modelId": "b"}, {"spanfold.model.id": "c"}, "a"),
        ({"spanfold.model.id": "", "mlflow.modelId": "b"}, {"spanfold.model.id": "c"}, "b"),
        ({}, {"spanfold.model.id": "c", "mlflow.modelId": "d"}, "c"),
        ({}, {"mlflow.modelId": "d", **service}, "d"),
        ({}, service, "s@1" if service_version else ""),
        ({}, {"service.name": "s"}, ""),
    ]
    spans = [
        make_traces(make_span(1, own, name=str(n)), resource=resource)
        for n, (own, resource, _) in enumerate(cases)
    ]
    records = [
        make_logs(make_record(own, severity_text=str(n)), resource=resource)
        for n, (own, resource, _) in enumerate(cases)
    ]

    in_spans = insert_both_ways(database, TRACES, *spans, service_version=service_version)
    in_logs = insert_both_ways(database, LOGS, *records, service_version=service_version)

    expected = {str(n): model_id for n, (*_, model_id) in enumerate(cases)}
    rows = assert_same_rows(database, in_spans, "spans")
    assert {row["SpanName"]: row["ModelId"] for row in rows} == expected
    rows = assert_same_rows(database, in_logs, "logs")
    assert {row["SeverityText"]: row["ModelId"] for row in rows} == expected


@pytest.mark.parametrize("cost", ["nan", "inf", "-1", "1e300", "", "free", float("nan"), -0.5])
def test_a_cost_that_would_spoil_every_sum_is_unknown(database: Database, cost: str | float) -> None:
    spans = [make_span(1, {"spanfold.cost.usd": cost}), make_span(2, {"spanfold.cost.usd": 0.25})]

    number = insert_both_ways(database, TRACES, make_traces(*spans))

    rows = assert_same_rows(database, number, "spans")
    assert [row["Cost"] for row in rows] == [None, 0.25]


@pytest.mark.parametrize(
    ("said", "count"),
    [(2**32 - 1, 2**32 - 1), ("007", 7), (2**32, None), (2**63 - 1, None), ("9" * 99, None)],
)
def test_a_count_of_tokens_that_would_overflow_a_total_is_unknown(
    database: Database, said: str | int, count: int | None
) -> None:
    span = make_span(1, {"gen_ai.usage.input_tokens": said, "gen_ai.usage.output_tokens": 3})
    number = insert_both_ways(database, TRACES, make_traces(span))

    (row,) = assert_same_rows(database, number, "spans")

    assert (row["InputTokens"], row["OutputTokens"]) == (count, 3)


def test_what_a_span_is_comes_from_its_type_or_else_from_its_operation(database: Database) -> None:
    cases = {
        ("", "chat"): ("LLM", 1),
        ("chat_model", "chat"): ("LLM", 1),
        ("", "invoke_agent"): ("AGENT", 0),
        ("", "execute_tool"): ("TOOL", 0),
        ("chain", ""): ("CHAIN", 0),
        ("Reranker", "chat"): ("RERANKER", 1),
        ("", "of our own"): ("", 1),
        ("", ""): ("", 1),
    }
    spans = [
        make_span(n, {"spanfold.span.type": kind, "gen_ai.operation.name": operation}, name=str(n))
        for n, (kind, operation) in enumerate(cases)
    ]
    number = insert_both_ways(database, TRACES, make_traces(*spans))

    assert_same_rows(database, number, "spans")

    found = database.query(
        "SELECT DISTINCT toUInt8(SpanName), SpanType, IsCall FROM spans WHERE endsWith(Tenant, {n:String})"
        " ORDER BY 1",
        {"n": f"-{number}"},
    ).rows
    assert [row[1:] for row in found] == list(cases.values())


def test_who_called_and_under_which_run_have_columns(database: Database) -> None:
    own = {"spanfold.caller.model.id": "m-a", "spanfold.run.id": "r", "spanfold.experiment.id": "7"}
    finished = {"gen_ai.response.finish_reasons": ["stop", "length"]}

    number = insert_both_ways(database, TRACES, make_traces(make_span(1, own | finished)))

    (row,) = assert_same_rows(database, number, "spans")
    assert (row["CallerModelId"], row["RunId"], row["ExperimentId"]) == ("m-a", "r", "7")
    assert row["FinishReasons"] == ["stop", "length"]


def test_of_a_repeated_key_both_roads_use_the_first(database: Database) -> None:
    repeated = make_span(1, {"gen_ai.request.model": "first"})
    repeated.attributes.extend(key_values({"gen_ai.request.model": "second"}))
    number = insert_both_ways(database, TRACES, make_traces(repeated))

    rows = database.query(
        "SELECT RequestModel, SpanAttributes['gen_ai.request.model'] FROM spans"
        " WHERE endsWith(Tenant, {n:String})",
        {"n": f"-{number}"},
    ).rows

    assert rows == [("first", "first")] * 2


def test_events_of_models_become_the_same_events_and_slots_by_either_road(database: Database) -> None:
    payloads = {
        "spanfold.model.created": '{"name":"n/ü","experiment_id":"0","status":"READY","params":{"k.v":"1"}}',
        "spanfold.model.metrics_logged": '{"metrics":{"a":1.50,"b":-3,"c":1e-7,"d":12345678901234567890}}',
        "spanfold.model.tag_deleted": '{"key":"\\u2028\\"/"}',
        "spanfold.model.deleted": "{}",
    }
    attributes = {
        "spanfold.event.schema_version": 1,
        "spanfold.event.actor": "me",
        "spanfold.event.source": "sdk",
    }
    records = [make_event(name, text, attributes=attributes) for name, text in payloads.items()]
    body = make_logs(*records)
    assert LOGS.admit(body, WINDOW).body == body

    database.command("TRUNCATE TABLE entity_slot_writes")
    number = insert_both_ways(database, LOGS, body)

    rows = assert_same_rows(database, number, "entity_events")
    assert {row["EventType"]: row["Payload"] for row in rows} == payloads
    slots = database.query(
        "SELECT Slot, Value, count() FROM entity_slot_writes GROUP BY ALL ORDER BY Slot, Value"
    ).rows
    assert {count for *_, count in slots} == {2}
    assert ("metrics.a", "1.5", 2) in slots
    assert ("params.k.v", '"1"', 2) in slots
    assert ('tags.\u2028"/', "", 2) in slots
    assert ("deleted", "true", 2) in slots


def test_an_event_name_in_an_attribute_names_a_log_but_never_a_models_event(database: Database) -> None:
    records = [
        make_record({"event.name": "legacy"}),
        make_record({"event.name": "legacy"}, event_name="new"),
        make_record({"event.name": "spanfold.model.deleted"}),
    ]
    number = insert_both_ways(database, LOGS, make_logs(*records))

    names = [row["EventName"] for row in assert_same_rows(database, number, "logs")]

    assert sorted(names) == ["", "legacy", "new"]


def test_ranges_and_rollups_say_the_same_as_the_spans_they_came_from(database: Database) -> None:
    """Runs over whatever the tests above have stored."""
    ranges = "SELECT TraceId, min(Start), max(End) FROM trace_ranges GROUP BY TraceId ORDER BY TraceId"
    spans = "SELECT TraceId, min(Timestamp), max(Timestamp) FROM spans GROUP BY TraceId ORDER BY TraceId"
    assert database.query(ranges).rows == database.query(spans).rows

    rollups = (
        "SELECT ModelId, Minute, sum(SpanCount), sum(TraceCount), sum(ErrorCount), sum(InputTokens),"
        " sum(OutputTokens) FROM model_rollups GROUP BY ModelId, Minute ORDER BY ModelId, Minute"
    )
    raw = (
        "SELECT ModelId, toStartOfMinute(toDateTime(Timestamp)) AS Minute, count(), countIf(Entry > 0),"
        " countIf(Entry > 0 AND StatusCode = 2), sumOrNullIf(InputTokens, IsCall),"
        " sumOrNullIf(OutputTokens, IsCall) FROM spans GROUP BY ModelId, Minute ORDER BY ModelId, Minute"
    )
    assert database.query(rollups).rows == database.query(raw).rows


@settings(max_examples=200)
@given(number=strategies.doubles)
def test_a_numbers_text_reads_back_as_the_number(number: float) -> None:
    assert repr(float(number_text(number))) == repr(number)
