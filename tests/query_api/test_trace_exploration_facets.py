from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api import trace_facets
from spanfold_query_api.trace_exploration_inputs import DEFAULT_FACETS
from tests.query_api.rows import T0_NS, S, created, insert, span, trace_id

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, B = "m-" + "a" * 32, "m-" + "b" * 32


def scored(trace: int, name: str, value: float | None, label: str = "", after_s: int = 1) -> dict[str, Any]:
    return {
        "Timestamp": T0_NS + (trace + after_s) * S,
        "TraceId": bytes.fromhex(trace_id(trace)),
        "EvaluationName": name,
        "ScoreValue": value,
        "ScoreLabel": label,
    }


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    rows = []
    for number in range(1, 11):
        # Ten traces, a second apart, of ten conversations, three users and two versions; a third failed.
        entry: dict[str, Any] = {
            "Timestamp": T0_NS + number * S,
            "ModelId": A if number <= 6 else B,
            "StatusCode": 2 if number % 3 == 0 else 1,
            "UserId": f"User {number % 3}" if number != 10 else "",
            "ConversationId": f"c{number}",
            "SpanAttributes": {"spanfold.tag.tier": "pro" if number <= 2 else "free", "n": str(number)},
            "ResourceAttributes": {"host": "h1"},
            "StatusMessage": "x" * 1_500 if number == 3 else "",
        }
        rows.append(span(number, ServiceName="front", SpanName="POST /chat", **entry))
        # Each goes through a second service.
        rows.append(span(number, 2, parent=1, Entry=1, ServiceName="back", Timestamp=T0_NS + number * S - 1))
    insert(database, "spans", rows)
    insert(database, "spans", rows[:6])  # a client sent these twice
    insert(database, "entity_events", [created(A, "Support bot", T0_NS)])
    scores = [
        scored(1, "quality", 0.5),
        scored(1, "quality", 1.0, after_s=2),  # the newest counts
        scored(2, "quality", 0.0),
        scored(3, "quality", float("inf")),
        scored(1, "verdict", None, "good"),
        scored(2, "verdict", None, "bad"),
        scored(3, "verdict", None, "good"),
        {**scored(4, "quality", None), "Error": "the judge is away"},
        scored(99, "quality", 7.0),  # of no trace that is here
    ]
    insert(database, "evaluation_events", scores)


def asked(api: httpx.Client, **parameters: Any) -> Any:
    response = api.get("/v1/traces/facets", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def values(api: httpx.Client, field: str, **parameters: Any) -> dict[str, int]:
    (facet,) = asked(api, field=field, **parameters)["facets"]
    assert facet["field"] == field
    return {value["value"]: value["count"] for value in facet["values"]}


def test_the_usual_fields_are_counted_by_trace(api: httpx.Client) -> None:
    answer = asked(api)
    assert answer["trace_count"] == 10
    assert answer["sampled"] is False
    facets = {facet["field"]: facet for facet in answer["facets"]}
    assert tuple(facets) == DEFAULT_FACETS
    assert facets["model_id"]["values"] == [
        {"value": A, "label": "Support bot", "count": 6},
        {"value": B, "label": B, "count": 4},
    ]
    assert facets["service_name"]["values"] == [{"value": "front", "label": "front", "count": 10}]
    assert facets["conversation_id"]["distinct_count"] == 10


@pytest.mark.parametrize(
    ("field", "counted"),
    [
        ("status", {"OK": 7, "ERROR": 3}),
        ("user_id", {"User 1": 3, "User 0": 3, "User 2": 3, "": 1}),
        ("tags['tier']", {"free": 8, "pro": 2}),
        ("resource_attributes['host']", {"h1": 10}),
        ("attributes['nothing']", {"": 10}),
        ("experiment_id", {"0": 10}),
        ("kind", {"INTERNAL": 10}),
    ],
)
def test_any_text_and_any_key_of_a_map_can_be_asked_for(
    api: httpx.Client, field: str, counted: dict[str, int]
) -> None:
    assert values(api, field) == counted


def test_filters_versions_and_times_choose_the_traces(api: httpx.Client) -> None:
    assert values(api, "status", model_id=A) == {"OK": 4, "ERROR": 2}
    assert values(api, "tags['tier']", filter="status = 'ERROR'") == {"free": 3}
    # The entry that matches tells, and not the root.
    assert values(api, "service_name", filter="service_name = 'back'") == {"back": 10}
    bounds = {"start": "2026-11-21T05:00:02Z", "end": "2026-11-21T05:00:04Z"}
    assert values(api, "conversation_id", filter="service_name = 'front'", **bounds) == {"c2": 1, "c3": 1}
    assert asked(api, start="2027-01-01T00:00:00Z")["trace_count"] == 0


def test_the_most_frequent_values_come_first_up_to_the_limit(api: httpx.Client) -> None:
    (facet,) = asked(api, field="status", limit=1)["facets"]
    assert [value["value"] for value in facet["values"]] == ["OK"]
    assert facet["distinct_count"] == 2


def test_values_can_be_searched_in_any_case(api: httpx.Client) -> None:
    assert values(api, "user_id", contains="user 1") == {"User 1": 3}
    assert values(api, "user_id", contains="%") == {}
    answer = asked(api, field=["status", "user_id"], contains="nowhere")
    assert answer["trace_count"] == 10, "all were looked at"
    assert [facet["values"] for facet in answer["facets"]] == [[], []]


def test_versions_are_found_by_their_names_and_nothing_else_is(api: httpx.Client) -> None:
    answer = asked(api, field=["user_id", "model_id"], contains="support")
    assert [len(facet["values"]) for facet in answer["facets"]] == [0, 1]
    assert answer["facets"][1]["values"][0]["label"] == "Support bot"


def test_a_long_value_is_cut(api: httpx.Client) -> None:
    assert values(api, "status_message") == {"": 9, "x" * 1_000: 1}


def test_the_newest_score_of_each_trace_counts(api: httpx.Client) -> None:
    assert asked(api)["scores"] == [
        # What is infinite leaves the mean alone.
        {"name": "quality", "count": 3, "mean": 0.5, "minimum": 0.0, "maximum": 1.0, "labels": []},
        {
            "name": "verdict",
            "count": 3,
            "mean": None,
            "minimum": None,
            "maximum": None,
            "labels": [{"value": "good", "count": 2}, {"value": "bad", "count": 1}],
        },
    ]
    (of_two,) = asked(api, filter="scores['quality'] < 0.5", limit=1)["scores"][:1]
    assert (of_two["name"], of_two["count"]) == ("quality", 1)
    assert asked(api, filter="model_id = 'nobody'")["scores"] == []


def test_only_the_newest_are_looked_at_where_there_are_many(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_facets, "MAX_ENTRIES", 8)
    monkeypatch.setattr(trace_facets, "_FIRST_WINDOW_SPANS", 1)
    answer = asked(api, field="conversation_id")
    assert answer["sampled"] is True
    assert 4 <= answer["trace_count"] <= 5
    found = {value["value"] for value in answer["facets"][0]["values"]}
    assert found <= {"", "c10", "c9", "c8", "c7", "c6"}
    assert asked(api, filter="status = 'ERROR'")["sampled"] is False


@pytest.mark.parametrize(
    "field",
    [
        "latency_ms",
        "start_time",
        "trace_id",
        "input",
        "scores['quality']",
        "span.name",
        "name DESC",
        "prompt",
    ],
)
def test_a_field_without_values_to_count_is_refused(api: httpx.Client, field: str) -> None:
    response = api.get("/v1/traces/facets", params={"field": field})
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {
            "parameter": "field",
            "message": f"{field} has no facet: use a text field of the trace, or an entry of a map",
        }
    ]


@pytest.mark.parametrize(
    ("field", "told"),
    [("model_name", "ask for model_id"), ("servise_name", "service_name"), ("tags", "tags"), ("'", "field")],
)
def test_a_field_that_is_none_is_refused_with_advice(api: httpx.Client, field: str, told: str) -> None:
    response = api.get("/v1/traces/facets", params={"field": field})
    assert response.status_code == 422
    assert told in response.json()["detail"]


@pytest.mark.parametrize(
    "parameters", [{"limit": 0}, {"limit": 101}, {"field": ["name"] * 21}, {"contains": "x" * 301}]
)
def test_what_is_past_a_limit_is_refused(api: httpx.Client, parameters: dict[str, Any]) -> None:
    response = api.get("/v1/traces/facets", params=parameters)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] in parameters
