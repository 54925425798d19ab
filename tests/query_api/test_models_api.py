from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api import models
from tests.query_api.rows import MS, T0_NS, S, created, event, insert, span

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, B, C, TWICE = ("m-" + letter * 32 for letter in "abcd")
SEEN = "team/app@1.2"
"""A version that only spans tell of."""


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    events = [
        created(A, "bot", T0_NS, params={"k": "1"}, tags={"team": "ml"}, model_type="agent"),
        event(A, "tags_set", {"tags": {"team": "search"}}, T0_NS + 10 * S, 2),
        event(A, "metrics_logged", {"metrics": {"f1": 1}}, T0_NS + 20 * S, 3),
        event(A, "tag_deleted", {"key": "team"}, T0_NS + 30 * S, 4),
        created(B, "bot", T0_NS + S, 5),
        event(B, "deleted", {}, T0_NS + 5 * S, 6),
        created(C, "other", T0_NS + 2 * S, 7),
        event(C, "renamed_in_2030", "not json", T0_NS + 3 * S, 8),
    ]
    insert(database, "entity_events", events)
    insert(database, "entity_events", events[:3])  # sent again
    spans = [
        span(
            number,
            Timestamp=T0_NS + number * S,
            ModelId=A,
            Duration=number * MS,
            StatusCode=2 if number == 100 else 1,
            Operation="chat",
            InputTokens=10,
            OutputTokens=1,
        )
        for number in range(1, 101)
    ]
    spans += [span(1, 2, parent=1, Timestamp=T0_NS + S, ModelId=A, Operation="execute_tool", InputTokens=99)]
    spans += [span(1, 3, parent=1, Timestamp=T0_NS + S, ModelId=SEEN, Entry=1)]
    insert(database, "spans", spans)
    insert(database, "spans", spans)  # sent twice


def get(api: httpx.Client, path: str, **parameters: Any) -> Any:
    response = api.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_models_are_listed_newest_first_with_those_that_only_spans_tell_of(api: httpx.Client) -> None:
    found = get(api, "/v1/models")["models"]
    assert [model["model_id"] for model in found] == [C, SEEN, A]
    seen = next(model for model in found if model["model_id"] == SEEN)
    assert (seen["name"], seen["status"]) == (SEEN, "UNSPECIFIED")
    assert get(api, f"/v1/models/{SEEN}") == seen


def test_deleted_models_are_listed_on_demand(api: httpx.Client) -> None:
    found = get(api, "/v1/models", include_deleted=True)["models"]
    assert [(model["model_id"], model["deleted"]) for model in found] == [
        (C, False),
        (B, True),
        (SEEN, False),
        (A, False),
    ]
    assert get(api, f"/v1/models/{B}")["deleted"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_models_make_the_same_listing(api: httpx.Client, limit: int) -> None:
    everything, token, paged = get(api, "/v1/models")["models"], None, []
    while True:
        page = get(api, "/v1/models", limit=limit, **({} if token is None else {"page_token": token}))
        paged += page["models"]
        token = page["next_page_token"]
        if token is None:
            break
    assert paged == everything


def test_models_are_found_by_their_exact_name(api: httpx.Client) -> None:
    assert [model["model_id"] for model in get(api, "/v1/models", name="bot")["models"]] == [A]
    assert get(api, "/v1/models", name="bo")["models"] == []
    assert [model["model_id"] for model in get(api, "/v1/models", name=SEEN)["models"]] == [SEEN]


def test_a_model_is_the_fold_of_its_events(api: httpx.Client) -> None:
    assert get(api, f"/v1/models/{A}") == {
        "model_id": A,
        "name": "bot",
        "experiment_id": "0",
        "creation_timestamp": T0_NS // MS,
        "last_updated_timestamp": (T0_NS + 30 * S) // MS,
        "creation_time": "2026-11-21T05:00:00Z",
        "model_type": "agent",
        "source_run_id": None,
        "status": "READY",
        "status_message": None,
        "tags": {},
        "params": {"k": "1"},
        "metrics": {"f1": 1.0},
        "model_uri": f"models:/{A}",
        "deleted": False,
    }


def test_as_of_shows_a_model_as_it_was_that_instant_included(api: httpx.Client) -> None:
    def tags(as_of: str) -> Any:
        return get(api, f"/v1/models/{A}", as_of=as_of)["tags"]

    assert tags("2026-11-21T05:00:09.999999999Z") == {"team": "ml"}
    assert tags("2026-11-21T05:00:10Z") == {"team": "search"}
    assert api.get(f"/v1/models/{B}", params={"as_of": "2026-11-21T05:00:00Z"}).status_code == 404
    listed = get(api, "/v1/models", as_of="2026-11-21T05:00:01Z", name="bot")["models"]
    assert [(model["model_id"], model["tags"]) for model in listed] == [(B, {}), (A, {"team": "ml"})]


def test_events_come_oldest_first_each_once_and_in_pages(api: httpx.Client) -> None:
    first = get(api, f"/v1/models/{A}/events", limit=3)
    rest = get(api, f"/v1/models/{A}/events", limit=3, page_token=first["next_page_token"])
    kinds = [item["event_type"].rpartition(".")[2] for item in first["events"] + rest["events"]]
    assert kinds == ["created", "tags_set", "metrics_logged", "tag_deleted"]
    assert rest["next_page_token"] is None
    assert first["events"][1] == {
        "event_id": "00000000-0000-0000-0000-000000000002",
        "event_type": "spanfold.model.tags_set",
        "event_time": "2026-11-21T05:00:10Z",
        "event_time_unix_ns": T0_NS + 10 * S,
        "schema_version": 1,
        "payload": {"tags": {"team": "search"}},
        "actor": "ann",
        "source": "sdk",
    }


def test_an_event_of_a_later_version_is_shown_as_it_came(api: httpx.Client) -> None:
    assert get(api, f"/v1/models/{C}/events")["events"][1]["payload"] == "not json"


def test_a_model_that_only_spans_tell_of_has_no_events(api: httpx.Client) -> None:
    assert get(api, f"/v1/models/{SEEN}/events") == {"events": [], "next_page_token": None}


def test_a_summary_counts_each_span_once_and_no_tokens_twice(api: httpx.Client) -> None:
    assert get(api, f"/v1/models/{A}/summary", start="2026-11-21T05:00:01Z", end="2026-11-21T06:00:00Z") == {
        "model_id": A,
        "start_time": "2026-11-21T05:00:01Z",
        "end_time": "2026-11-21T06:00:00Z",
        "trace_count": 100,
        "error_count": 1,
        "error_rate": 0.01,
        "latency_ms": {"p50": 51.0, "p95": 96.0, "p99": 100.0},
        "input_tokens": 1000,
        "output_tokens": 100,
        "cost_usd": None,
        "span_count": 101,
        "approximate": False,
    }


def test_a_summary_counts_a_trace_once_that_enters_a_version_through_two_services(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    entered: dict[str, Any] = {"ModelId": TWICE, "Operation": "chat", "InputTokens": 5}
    downstream = span(9_000, 2, parent=1, **{**entered, "Entry": 1, "StatusCode": 2, "Duration": MS})
    insert(database, "spans", [span(9_000, **entered), downstream])
    found = get(api, f"/v1/models/{TWICE}/summary")
    assert (found["trace_count"], found["error_count"], found["span_count"]) == (1, 0, 2)
    assert (found["latency_ms"]["p50"], found["input_tokens"]) == (10, 10)


def test_a_summary_of_a_time_without_traffic_is_empty_not_an_error(api: httpx.Client) -> None:
    summary = get(api, f"/v1/models/{A}/summary", start="2027-01-01T00:00:00Z")
    assert (summary["trace_count"], summary["latency_ms"], summary["error_rate"]) == (0, None, None)
    assert summary["input_tokens"] is None


def test_a_large_summary_is_answered_from_the_rollups_and_says_so(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "EXACT_MAX_SPANS", 10)
    summary = get(api, f"/v1/models/{A}/summary", start="2026-11-21T05:01:30Z", end="2026-11-21T05:01:31Z")
    assert summary["approximate"]
    assert summary["trace_count"] == 2 * 41, "the whole minute, in which each span was sent twice"
    assert summary["latency_ms"]["p50"] == pytest.approx(80, rel=0.1)


@pytest.mark.parametrize("path", ["", "/events", "/summary"])
def test_an_unknown_model_is_not_found(api: httpx.Client, path: str) -> None:
    response = api.get(f"/v1/models/m-nope{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:spanfold:problem:model-not-found"
