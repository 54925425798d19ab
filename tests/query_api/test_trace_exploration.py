from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api import trace_fields
from spanfold_query_api.filter.fields import FIELDS
from tests.query_api.rows import MS, T0_NS, S, insert, span, span_id, trace_id

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

COUNT = 400
MODEL = "m-" + "a" * 32


def log(trace: int, number: int, **columns: Any) -> dict[str, Any]:
    return {
        "Timestamp": T0_NS + number * MS,
        "TraceId": bytes.fromhex(trace_id(trace)),
        "SpanId": bytes(8),
        "SeverityText": "INFO",
        "SeverityNumber": 9,
        "ServiceName": "app",
        "EventName": "",
        "Body": f"line {number}",
        "LogAttributes": {},
        **columns,
    }


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    rows = [
        span(
            number,
            Timestamp=T0_NS + number * S,
            Duration=number * MS,
            StatusCode=2 if number % 10 == 0 else 1,
            ModelId=MODEL if number <= 20 else "",
            SpanAttributes={"spanfold.tag.tier": "pro", f"rare.{number}": "1", "often": "1"},
            ResourceAttributes={"host.name": "h"},
        )
        for number in range(1, COUNT + 1)
    ]
    inner = [
        span(number, 2, parent=1, Entry=1, Timestamp=T0_NS + number * S + 1) for number in range(1, COUNT, 2)
    ]
    insert(database, "spans", [*rows, *inner])
    insert(database, "spans", rows[:5])  # a client sent these twice
    records = [
        log(1, 2, SpanId=bytes.fromhex(span_id(2)), LogAttributes={"k": "v" * 20_000}, EventName="e"),
        log(1, 1, Body="é" * 20_000, SeverityText="ERROR", SeverityNumber=17),
        log(1, 3),
        log(2, 4),
        # Too long after the trace to be looked for.
        log(1, 5, Timestamp=T0_NS + 3 * 86_400 * S),
    ]
    insert(database, "logs", records)
    insert(database, "logs", records[2:3])  # sent twice
    score = {"Timestamp": T0_NS, "TraceId": bytes.fromhex(trace_id(1)), "EvaluationName": "quality"}
    insert(database, "evaluation_events", [score])


def get(api: httpx.Client, path: str, **parameters: Any) -> Any:
    response = api.get(f"/v1/traces/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_few_traces_are_all_shown_each_once_earliest_first(api: httpx.Client) -> None:
    answer = get(api, "scatter")
    assert answer["trace_count"] == COUNT
    assert answer["points"] == {
        "trace_id": [trace_id(number) for number in range(1, COUNT + 1)],
        "start_time_unix_ns": [T0_NS + number * S for number in range(1, COUNT + 1)],
        "latency_ms": [float(number) for number in range(1, COUNT + 1)],
        "error": [number % 10 == 0 for number in range(1, COUNT + 1)],
    }


def test_of_many_traces_the_slowest_are_shown_and_an_even_sample_the_same_each_time(
    api: httpx.Client,
) -> None:
    answer = get(api, "scatter", points=200)
    shown = answer["points"]["latency_ms"]
    assert answer["trace_count"] == COUNT
    assert 170 <= len(shown) <= 200
    assert set(shown) >= set(range(301, 401))
    for start in (1, 101, 201):
        part = [latency for latency in shown if start <= latency < start + 100]
        assert 15 <= len(part) <= 55, "a third of the traces that are not the slowest"
    assert get(api, "scatter", points=200) == answer
    (slowest,) = get(api, "scatter", points=1)["points"]["latency_ms"]
    assert slowest == COUNT


def test_a_scatter_is_of_the_traces_that_match(api: httpx.Client) -> None:
    answer = get(api, "scatter", model_id=MODEL, filter="status = 'ERROR'")
    assert answer["points"]["latency_ms"] == [10.0, 20.0]
    assert answer["trace_count"] == 2
    bounds = {"start": "2026-11-21T05:00:02Z", "end": "2026-11-21T05:00:04Z"}
    assert get(api, "scatter", **bounds)["points"]["latency_ms"] == [2.0, 3.0]
    nothing: dict[str, list[Any]] = {"trace_id": [], "start_time_unix_ns": [], "latency_ms": [], "error": []}
    assert get(api, "scatter", filter="model_id = 'nobody'") == {"trace_count": 0, "points": nothing}
    assert get(api, "scatter", start="2027-01-01T00:00:00Z")["points"] == nothing


def test_every_field_is_told_with_what_it_takes(api: httpx.Client) -> None:
    answer = get(api, "fields")
    told = {field["name"]: field for field in answer["fields"]}
    assert tuple(told) == tuple(FIELDS)
    assert told["status"]["choices"] == ["UNSET", "OK", "ERROR"]
    assert told["tags"]["keys"] == ["tier"]
    assert told["resource_attributes"]["keys"] == ["host.name"]
    assert told["scores"]["keys"] == ["quality"]
    assert "often" in told["attributes"]["keys"]
    assert len(told["attributes"]["keys"]) == 200, "at most so many, the most frequent"
    for field in answer["fields"]:
        operators = answer["operators"][field["type"]]
        assert set(FIELDS[field["name"]].type.operators) < set(operators)
        assert {"IS NULL", "IS NOT NULL"} < set(operators)


def test_a_filter_made_of_any_field_and_operator_told_is_taken(api: httpx.Client) -> None:
    answer = get(api, "fields")
    literals = {"number": "1", "time": "'2026-11-21T05:00:00Z'", "id": f"'{trace_id(1)}'"}
    for field in answer["fields"]:
        name = f"{field['name']}['k']" if field["type"] == "map" else field["name"]
        literal = f"'{field['choices'][0]}'" if field["choices"] else literals.get(field["type"], "'x'")
        values = {"IS NULL": "", "IS NOT NULL": "", "IN": f"({literal})", "NOT IN": f"({literal})"}
        condition = " OR ".join(
            f"{name} {operator} {values.get(operator, literal)}"
            for operator in answer["operators"][field["type"]]
        )
        response = api.get("/v1/traces", params={"filter": condition, "limit": 1})
        assert response.status_code == 200, condition


def test_keys_are_those_of_the_newest_spans_of_the_range(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = {"start": "2026-11-21T05:00:00Z", "end": "2026-11-21T05:00:05Z"}

    def keys() -> list[str]:
        told: dict[str, list[str]] = {
            field["name"]: field["keys"] for field in get(api, "fields", **bounds)["fields"]
        }
        return told["attributes"]

    assert keys() == ["often", "rare.1", "rare.2", "rare.3", "rare.4"]
    monkeypatch.setattr(trace_fields, "KEY_SPANS", 1)
    assert keys() == ["often", "rare.4"]


def test_the_logs_of_a_trace_come_in_order_and_each_once(api: httpx.Client) -> None:
    answer = get(api, f"{trace_id(1)}/logs")
    assert answer["truncated"] is False
    first, second, third = answer["logs"]
    assert first == {
        "time": "2026-11-21T05:00:00.001Z",
        "time_unix_ns": T0_NS + MS,
        "span_id": None,
        "severity_text": "ERROR",
        "severity_number": 17,
        "event_name": "",
        "body": "é" * 10_000,
        "attributes": {},
        "service_name": "app",
    }
    assert second["span_id"] == span_id(2)
    assert second["event_name"] == "e"
    assert second["attributes"] == {"k": "v" * 10_000}
    assert third["body"] == "line 3"


def test_of_many_logs_the_earliest_are_given(api: httpx.Client) -> None:
    answer = get(api, f"{trace_id(1).upper()}/logs", limit=2)
    assert answer["truncated"] is True
    assert [record["time_unix_ns"] for record in answer["logs"]] == [T0_NS + MS, T0_NS + 2 * MS]
    assert get(api, f"{trace_id(1)}/logs", limit=3)["truncated"] is False


def test_a_trace_without_logs_has_none_and_an_unknown_trace_is_told(api: httpx.Client) -> None:
    assert get(api, f"{trace_id(7)}/logs") == {"logs": [], "truncated": False}
    response = api.get(f"/v1/traces/{'f' * 32}/logs")
    assert response.status_code == 404
    assert response.json()["type"] == "urn:spanfold:problem:trace-not-found"


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("scatter", {"points": 0}),
        ("scatter", {"points": 5_001}),
        (f"{trace_id(1)}/logs", {"limit": 5_001}),
        ("fields", {"filter": "status = 'OK'"}),
        ("nothing/logs", {}),
    ],
)
def test_what_is_past_a_limit_or_unknown_is_refused(
    api: httpx.Client, path: str, parameters: dict[str, Any]
) -> None:
    assert api.get(f"/v1/traces/{path}", params=parameters).status_code == 422
